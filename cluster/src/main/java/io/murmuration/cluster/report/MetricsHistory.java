package io.murmuration.cluster.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a resumed run wrote before: the events up to its checkpoint. What came after it is dropped, because those steps
 * are made again.
 */
final class MetricsHistory {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private MetricsHistory() {}

    /**
     * The lines of {@code file} that belong to steps before {@code firstStep}; none if there is no such file. Lines that
     * are not whole JSON objects (torn by a full disk or a lost machine) are dropped.
     */
    static List<JsonNode> before(long firstStep, Path file) throws IOException {
        List<JsonNode> kept = new ArrayList<>();
        String text;
        try {
            text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return kept;
        }
        for (String line : text.lines().toList()) {
            try {
                JsonNode event = MAPPER.readTree(line);
                if (event.isObject() && event.path("step").asLong(0) < firstStep && !isEnd(event)) {
                    kept.add(event);
                }
            } catch (JsonProcessingException e) {
                continue;
            }
        }
        return kept;
    }

    /** The run went on after all. */
    private static boolean isEnd(JsonNode event) {
        return event.path("event").asText().equals("finished");
    }
}
