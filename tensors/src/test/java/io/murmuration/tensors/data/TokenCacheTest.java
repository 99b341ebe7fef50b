package io.murmuration.tensors.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes want the same tokens. */
class TokenCacheTest {

    private static final Tokeniser GPT2 = Tokeniser.byName("gpt2");

    @TempDir
    Path folder;

    /** Another process that opens the text in a folder; it says so, and when it turns to making the tokens, slowly. */
    static final class Other {

        private Other() {}

        public static void main(String[] arguments) {
            System.out.println("opening");
            Corpus corpus = open(Path.of(arguments[0]), notice -> {
                System.out.println("making");
                pause(1500);
            });
            System.out.println("opened " + corpus.train().length());
        }

        static Process start(Path folder) throws IOException {
            return new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                            Other.class.getName(),
                            folder.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        }
    }

    private static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Corpus open(Path folder, Consumer<String> notices) {
        return Corpora.open(
                new CorpusSettings(
                        Optional.of(folder.resolve("a.txt")),
                        Optional.empty(),
                        GPT2,
                        50_257,
                        "text",
                        0,
                        folder.resolve(".cache")),
                notices);
    }

    @Test
    void who_waited_for_a_maker_that_failed_makes_the_tokens_alone() throws Exception {
        Files.writeString(folder.resolve("a.txt"), "A line that isn't empty\n".repeat(40));
        AtomicReference<Process> started = new AtomicReference<>();
        AtomicReference<BufferedReader> said = new AtomicReference<>();
        assertThatThrownBy(() -> open(folder, notice -> {
                    try {
                        started.set(Other.start(folder));
                        said.set(started.get().inputReader());
                        assertThat(said.get().readLine()).isEqualTo("opening");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    pause(500); // until it waits for the lock
                    throw new IllegalStateException("the maker fails");
                }))
                .hasMessage("the maker fails");
        try {
            assertThat(said.get().readLine()).isEqualTo("making");
            Corpus corpus = open(folder, notice -> {
                throw new AssertionError("made by two at once");
            });
            assertThat(said.get().readLine())
                    .isEqualTo("opened " + corpus.train().length());
            assertThat(started.get().waitFor(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            started.get().destroyForcibly();
        }
        try (Stream<Path> files = Files.list(folder.resolve(".cache"))) {
            List<String> kinds = files.map(Path::toString)
                    .map(name -> name.substring(name.indexOf(".tokens")))
                    .sorted()
                    .toList();
            assertThat(kinds).containsExactly(".tokens", ".tokens.lock");
        }
    }
}
