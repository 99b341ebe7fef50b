package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A folder with a manifest and its cases. */
record GoldenGroup(String name, Path folder, JsonNode manifest, List<GoldenCase> cases) {

    static List<GoldenGroup> in(Path set) {
        try (Stream<Path> content = Files.list(set)) {
            return content.filter(folder -> Files.isRegularFile(folder.resolve("manifest.json")))
                    .sorted()
                    .map(GoldenGroup::read)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static GoldenGroup read(Path folder) {
        try {
            JsonNode manifest =
                    new JsonMapper().readTree(folder.resolve("manifest.json").toFile());
            List<GoldenCase> cases = new ArrayList<>();
            GoldenGroup group = new GoldenGroup(folder.getFileName().toString(), folder, manifest, cases);
            manifest.path("cases").forEach(json -> cases.add(new GoldenCase(group, json)));
            return group;
        } catch (IOException e) {
            throw new UncheckedIOException(folder.toString(), e);
        }
    }

    /** The case of this group that has a tensor of this name as an input: some groups share inputs. */
    GoldenCase holding(String input) {
        return cases.stream()
                .filter(candidate ->
                        candidate.has(input) && !candidate.expected().contains(input))
                .findFirst()
                .orElseThrow(() -> new AssertionError(folder + ": no case has an input " + input));
    }

    /** The case of this group that expects a tensor of this name. */
    GoldenCase expecting(String tensor) {
        return cases.stream()
                .filter(candidate -> candidate.expected().contains(tensor))
                .findFirst()
                .orElseThrow(() -> new AssertionError(folder + ": no case expects " + tensor));
    }

    /** Some groups compare number by number, the others against the largest number of the tensor. */
    boolean elementwise() {
        return manifest.path("tolerance_rule").asText().contains("elementwise");
    }
}
