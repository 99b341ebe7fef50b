package io.murmuration.cluster.node;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file of lines with a bound. When it is full it takes the place of an older one, so that both together have at most twice the
 * size that is given. A line that was cut short, by a full disk or the end of a process, ends where the next one begins. Not
 * thread-safe.
 */
final class RolledFile implements EventFile.Lines {

    private final Path file;
    private final Path older;
    private final long most;
    private OutputStream out = OutputStream.nullOutputStream();
    private boolean open;
    private long written;
    private boolean torn;

    /** @param most bytes of a file */
    RolledFile(Path file, Path older, long most) {
        this.file = file;
        this.older = older;
        this.most = most;
    }

    /** Opened with the first line, and its folder made. */
    @Override
    public void append(String line) throws IOException {
        try {
            if (!open) {
                Files.createDirectories(file.toAbsolutePath().getParent());
                begin();
            }
            byte[] bytes = ((torn ? "\n" : "") + line + "\n").getBytes(StandardCharsets.UTF_8);
            if (written > 0 && written + bytes.length > most) {
                close();
                Files.move(file, older, StandardCopyOption.REPLACE_EXISTING);
                begin();
            }
            out.write(bytes);
            out.flush();
            written += bytes.length;
            torn = false;
        } catch (IOException e) {
            torn = true;
            throw e;
        }
    }

    private void begin() throws IOException {
        out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        open = true;
        written = Files.size(file);
        torn = written > 0;
    }

    @Override
    public void close() throws IOException {
        open = false;
        out.close();
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
