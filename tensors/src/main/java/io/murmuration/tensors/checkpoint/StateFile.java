package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.tensors.reduce.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code state.json}: where the run was, the SHA-256 of every other file, and a SHA-256 of itself without that line, so
 * that a changed digit does not go unseen.
 */
final class StateFile {

    static final String NAME = "state.json";

    private static final int VERSION = 1;
    private static final JsonMapper JSON = new JsonMapper();

    /** What a state file says, apart from the shape of the model, which {@code config.json} holds. */
    record State(long step, long samplePosition, long seed, Map<String, String> settings, Map<String, Digest> files) {}

    private StateFile() {}

    static byte[] bytes(JsonNode json) {
        return (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static ObjectNode json(CheckpointMeta meta, Map<String, Digest> files) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("version", VERSION);
        json.put("step", meta.step());
        json.put("samplePosition", meta.samplePosition());
        json.put("seed", meta.seed());
        ObjectNode settings = json.putObject("settings");
        meta.settings().forEach(settings::put);
        ObjectNode digests = json.putObject("files");
        files.forEach((name, digest) -> digests.put(name, digest.hex()));
        json.put("sha256", digest(json).hex());
        return json;
    }

    /** Reads and checks the state file itself; the files it lists are not looked at. */
    static State read(Path file) {
        JsonNode json = parse(file);
        if (!(json instanceof ObjectNode object) || json.path("version").asInt() != VERSION) {
            throw new CheckpointException(
                    file + ": expected a state of version " + VERSION + ", got version " + json.path("version"));
        }
        String claimed = object.path("sha256").asText();
        object.remove("sha256");
        String actual = digest(object).hex();
        if (!actual.equals(claimed)) {
            throw new CheckpointException(file + ": expected SHA-256 " + claimed + ", got " + actual);
        }
        return state(file, object);
    }

    private static State state(Path file, ObjectNode json) {
        Map<String, String> settings = new LinkedHashMap<>();
        json.path("settings")
                .properties()
                .forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
        Map<String, Digest> files = new LinkedHashMap<>();
        json.path("files")
                .properties()
                .forEach(entry -> files.put(
                        fileName(file, entry.getKey()),
                        digest(file, entry.getValue().asText())));
        return new State(
                whole(file, json, "step"),
                whole(file, json, "samplePosition"),
                whole(file, json, "seed"),
                settings,
                files);
    }

    private static long whole(Path file, ObjectNode json, String name) {
        JsonNode value = json.path(name);
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || !(name.equals("seed") || value.longValue() >= 0)) {
            throw new CheckpointException(file + ": expected a whole number as " + name + ", got " + value);
        }
        return value.longValue();
    }

    /** A state file must not send its reader to files elsewhere. */
    private static String fileName(Path file, String name) {
        if (!name.matches("\\w[\\w.-]*")) {
            throw new CheckpointException(file + ": expected names of files beside it, got " + name);
        }
        return name;
    }

    private static Digest digest(Path file, String hex) {
        try {
            return new Digest(hex);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": " + e.getMessage(), e);
        }
    }

    static JsonNode parse(Path file) {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file + ": expected JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
    }

    private static Digest digest(ObjectNode json) {
        MessageDigest sha256 = Digest.sha256();
        sha256.update(json.toString().getBytes(StandardCharsets.UTF_8));
        return Digest.of(sha256);
    }
}
