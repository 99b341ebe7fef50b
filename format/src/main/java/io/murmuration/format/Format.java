package io.murmuration.format;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.ImportOrderer;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks ({@code check}) or rewrites ({@code write}) every Java source below a folder with palantir-java-format. It is a
 * process of its own because the formatter reads Java through the compiler of the JDK it runs on, and Maven's JDK may
 * be too old for our sources.
 */
public final class Format {

    private Format() {}

    public static void main(String[] args) throws IOException {
        boolean write = args[0].equals("write");
        Path root = Path.of(args[1]).toRealPath();
        List<Path> unformatted = new ArrayList<>();
        for (Path source : sources(root)) {
            String text = Files.readString(source);
            String formatted = format(source, text);
            if (!formatted.equals(text)) {
                unformatted.add(source);
                if (write) {
                    Files.writeString(source, formatted);
                }
            }
        }
        if (!write && !unformatted.isEmpty()) {
            unformatted.forEach(path -> System.err.println("not formatted: " + root.relativize(path)));
            System.err.println("run: mvn -q process-classes -pl format -Dformat.mode=write");
            System.exit(1);
        }
    }

    private static List<Path> sources(Path root) throws IOException {
        try (Stream<Path> tree = Files.walk(root)) {
            return tree.filter(path -> path.toString().endsWith(".java"))
                    .filter(path -> !root.relativize(path).toString().contains("target/"))
                    .sorted()
                    .toList();
        }
    }

    private static String format(Path source, String text) {
        try {
            String formatted = Formatter.createFormatter(JavaFormatterOptions.builder()
                            .style(JavaFormatterOptions.Style.PALANTIR)
                            .build())
                    .formatSource(text);
            return ImportOrderer.reorderImports(
                    RemoveUnusedImports.removeUnusedImports(formatted), JavaFormatterOptions.Style.PALANTIR);
        } catch (FormatterException e) {
            throw new IllegalStateException(source + ": " + e.getMessage(), e);
        }
    }
}
