package io.murmuration.tensors.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * A file of text that is read from front to back.
 *
 * @param name what messages call it
 * @param identity changes when the content does: path, size and time of the last change
 * @param kind how documents lie in it
 * @param plain whether the file's bytes are the text's bytes, so that it can be mapped as it is
 */
record Source(String name, String identity, Kind kind, boolean plain, Opener opener) {

    /** How documents lie in a file. */
    enum Kind {
        /** The file is one document. */
        TEXT,
        /** Every line is a JSON object with a document in it. */
        JSON_LINES
    }

    /** Opens the file's text from the start. */
    interface Opener {
        InputStream open() throws IOException;
    }

    private static final String PACKED = ".gz";

    /** @throws DataException if the file cannot be looked at, or is a packed token file */
    static Source of(Path file) {
        String name = file.getFileName().toString();
        boolean packed = name.endsWith(PACKED);
        String unpacked = packed ? name.substring(0, name.length() - PACKED.length()) : name;
        if (TokenFiles.is(unpacked)) {
            throw new DataException(file + ": token files are mapped as they are and cannot be packed: unpack it");
        }
        boolean lines = unpacked.endsWith(".jsonl") || unpacked.endsWith(".ndjson");
        try {
            String identity = file.toAbsolutePath().normalize() + "\t" + Files.size(file) + "\t"
                    + Files.getLastModifiedTime(file).toInstant();
            return new Source(
                    file.toString(),
                    identity,
                    lines ? Kind.JSON_LINES : Kind.TEXT,
                    !packed && !lines,
                    packed
                            ? () -> new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file)))
                            : () -> Files.newInputStream(file));
        } catch (IOException e) {
            throw unreadable(file.toString(), e);
        }
    }

    /** Why a file cannot be read, in one line. */
    static DataException unreadable(String name, IOException e) {
        String reason =
                switch (e) {
                    case AccessDeniedException denied -> "no permission";
                    case NoSuchFileException missing -> "there is no such file";
                    default -> e.getMessage() == null ? e.toString() : e.getMessage();
                };
        return new DataException(name + ": cannot be read: " + reason, e);
    }
}
