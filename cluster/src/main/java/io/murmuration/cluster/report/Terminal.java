package io.murmuration.cluster.report;

import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;
import org.jline.terminal.TerminalBuilder;

/**
 * Where a person, or a program, reads what we say.
 *
 * @param out what was asked for
 * @param err what went wrong, and logs
 * @param interactive a person is there: lines may be redrawn
 * @param unicode block characters can be shown
 * @param width characters per line, where interactive
 */
public record Terminal(PrintStream out, PrintStream err, boolean interactive, boolean unicode, int width) {

    /** What a line holds where nobody says. */
    private static final int USUAL_WIDTH = 80;

    /** Plain lines, as into a file. */
    public static Terminal plain(PrintStream out, PrintStream err) {
        return new Terminal(out, err, false, false, USUAL_WIDTH);
    }

    /**
     * The terminal of this process. Without one, or with one that cannot move its cursor ({@code TERM=dumb}), or where
     * the user wants no decoration ({@code NO_COLOR}), lines are plain.
     */
    public static Terminal ofProcess(Map<String, String> environment) {
        Console console = System.console();
        boolean interactive = suits(console != null && console.isTerminal(), environment);
        String locale = environment.getOrDefault(
                "LC_ALL", environment.getOrDefault("LC_CTYPE", environment.getOrDefault("LANG", "")));
        boolean unicode = locale.toUpperCase(Locale.ROOT).replace("-", "").contains("UTF8");
        return new Terminal(System.out, System.err, interactive, unicode, interactive ? measure() : USUAL_WIDTH);
    }

    /** Whether lines may be redrawn there. */
    static boolean suits(boolean terminal, Map<String, String> environment) {
        return terminal
                && !environment.getOrDefault("TERM", "dumb").equals("dumb")
                && environment.getOrDefault("NO_COLOR", "").isEmpty();
    }

    private static int measure() {
        // Without native signals: JLine would otherwise take Ctrl-C from us.
        try (org.jline.terminal.Terminal terminal = TerminalBuilder.builder()
                .system(true)
                .dumb(true)
                .nativeSignals(false)
                .build()) {
            return terminal.getWidth() > 0 ? terminal.getWidth() : USUAL_WIDTH;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot ask the terminal for its width", e);
        }
    }
}
