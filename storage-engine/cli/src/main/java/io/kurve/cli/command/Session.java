package io.kurve.cli.command;

import io.kurve.cli.Connections;
import io.kurve.cli.output.Console;

/** What every command is given: where to print, how to connect. */
public record Session(Console console, Connections connections) {}
