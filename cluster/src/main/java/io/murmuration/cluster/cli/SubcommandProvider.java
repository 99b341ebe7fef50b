package io.murmuration.cluster.cli;

import io.murmuration.cluster.report.Terminal;
import picocli.CommandLine;

/**
 * Brings a subcommand of its own to {@code bin/murmuration}. A module names its provider in
 * {@code META-INF/services/io.murmuration.cluster.cli.SubcommandProvider}.
 */
public interface SubcommandProvider {

    /**
     * The command, named by its {@code @Command} annotation. It throws
     * {@link io.murmuration.cluster.config.UserError} for what the user can put right: that becomes one line and exit
     * code 2.
     */
    CommandLine subcommand(Terminal terminal);
}
