/** What people and programs read: tables, one JSON object, progress. */
@NullMarked
package io.kurve.cli.output;

import org.jspecify.annotations.NullMarked;
