package io.murmuration.faults.byhand;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a cluster on this machine is told what to do to it, and the word that opens: a file in its folder that only its owner
 * can read.
 *
 * @param port on loopback
 */
record Door(int port, String token) {

    private static final String NAME = "faults.json";
    private static final int TOKEN_BYTES = 16;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    static Door at(int port) {
        byte[] token = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(token);
        return new Door(port, HexFormat.of().formatHex(token));
    }

    /** @throws UserError if it cannot be written */
    void write(Path folder) {
        Path file = folder.resolve(NAME);
        Path part = folder.resolve(NAME + ".part");
        ObjectNode json = MAPPER.createObjectNode().put("port", port).put("token", token);
        try {
            Files.createFile(part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(part, MAPPER.writeValueAsBytes(json), StandardOpenOption.WRITE);
            Files.move(part, file);
        } catch (IOException e) {
            throw new UserError("cannot write " + file + ": " + Reasons.of(e), e);
        }
    }

    /** @throws UserError if there is none in that folder */
    static Door read(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            throw new UserError(
                    folder + " is not the folder of a cluster that bin/murmuration local --faults has started:"
                            + " there is no " + NAME + " in it");
        }
        try {
            JsonNode json = MAPPER.readTree(Files.readAllBytes(file));
            return new Door(json.path("port").asInt(), json.path("token").asText());
        } catch (IOException e) {
            throw new UserError("cannot read " + file + ": " + Reasons.of(e), e);
        }
    }

    /**
     * The folders below {@code out} that have a door, the newest first.
     *
     * @throws UserError if they cannot be listed
     */
    static List<Path> below(Path out) {
        if (!Files.isDirectory(out)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(out)) {
            return folders.filter(folder -> Files.isRegularFile(folder.resolve(NAME)))
                    .sorted(Comparator.comparing(Door::modified).reversed())
                    .toList();
        } catch (IOException e) {
            throw new UserError("cannot list " + out + ": " + Reasons.of(e), e);
        }
    }

    private static long modified(Path folder) {
        return folder.resolve(NAME).toFile().lastModified(); // 0 if it has gone meanwhile
    }

    static void remove(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(NAME));
    }
}
