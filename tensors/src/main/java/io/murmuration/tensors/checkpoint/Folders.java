package io.murmuration.tensors.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Folders that appear and disappear as a whole. A folder {@code x} is prepared as {@code .x.new} beside it; one that it
 * replaces waits as {@code .x.old} until the new one is in its place.
 */
public final class Folders {

    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");

    private Folders() {}

    static Path fresh(Path folder) {
        return folder.resolveSibling("." + folder.getFileName() + ".new");
    }

    private static Path replaced(Path folder) {
        return folder.resolveSibling("." + folder.getFileName() + ".old");
    }

    private static Path gone(Path folder) {
        return folder.resolveSibling("." + folder.getFileName() + ".gone");
    }

    /** Puts right what a crash between the two renames of {@link #replace} left. */
    static void recover(Path folder) throws IOException {
        Path old = replaced(folder);
        if (Files.exists(old) && !Files.exists(folder)) {
            Files.move(old, folder, StandardCopyOption.ATOMIC_MOVE);
        }
        delete(old);
        delete(fresh(folder));
        delete(gone(folder));
    }

    /** Puts the prepared folder in the place of {@code folder}, which keeps its old content if that fails. */
    static void replace(Path folder) throws IOException {
        Path old = replaced(folder);
        boolean replaces = Files.exists(folder);
        if (replaces) {
            Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
        }
        try {
            Files.move(fresh(folder), folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (replaces) {
                Files.move(old, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            throw e;
        }
        force(folder.toAbsolutePath().getParent());
        delete(old);
    }

    /**
     * Gives a finished folder another name in the same file system.
     *
     * @param place not there, or an empty folder
     * @throws IOException if there is something, whoever put it there meanwhile
     */
    static void publish(Path finished, Path place) throws IOException {
        if (WINDOWS) {
            Files.deleteIfExists(place); // renaming does not replace an empty folder there; deletes no other
        }
        Files.move(finished, place, StandardCopyOption.ATOMIC_MOVE);
        force(place.getParent());
    }

    /** Takes a folder away: out of sight in one step, under a name that nothing brings back, then file by file. */
    static void remove(Path folder) throws IOException {
        Path gone = gone(folder);
        delete(gone);
        Files.move(folder, gone, StandardCopyOption.ATOMIC_MOVE);
        delete(gone);
    }

    /** Deletes a folder and all that is in it, if it is there. */
    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Forces names in a folder to the disk. Windows cannot open a folder and does this on its own. */
    static void force(Path folder) throws IOException {
        if (!WINDOWS) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
