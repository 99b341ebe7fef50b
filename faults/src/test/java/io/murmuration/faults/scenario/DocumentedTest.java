package io.murmuration.faults.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DocumentedTest {

    @Test
    void every_word_of_the_format_is_in_the_page() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "scenarios.md"));
        List<String> words = Stream.of(
                        Words.all(Measure.class),
                        Words.all(Variable.class),
                        Words.all(PartitionMode.class),
                        Words.all(NodeRole.class),
                        Words.all(Action.DiskFault.class),
                        Words.all(Jitter.Distribution.class),
                        Words.all(Target.Moment.class),
                        Variable.PHASES)
                .flatMap(List::stream)
                .toList();
        assertThat(words).allSatisfy(word -> assertThat(page).containsPattern("[`, |=]" + word + "[`, |\n]"));
    }
}
