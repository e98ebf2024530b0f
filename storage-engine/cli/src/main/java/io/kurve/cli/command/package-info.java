/** One class a command: what it takes, what it does, what it prints. */
@NullMarked
package io.kurve.cli.command;

import org.jspecify.annotations.NullMarked;
