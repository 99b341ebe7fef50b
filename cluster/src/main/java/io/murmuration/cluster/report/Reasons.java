package io.murmuration.cluster.report;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Optional;

/** Why a file could not be used, in words; Java's own messages are often no more than the path. */
public final class Reasons {

    private Reasons() {}

    public static String of(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "permission denied (" + denied.getFile() + ")";
            case FileAlreadyExistsException exists -> exists.getFile() + " is in the way, and not a folder";
            case NoSuchFileException missing -> "no such file or folder (" + missing.getFile() + ")";
            case NotDirectoryException other -> other.getFile() + " is not a folder";
            case FileSystemException other ->
                Optional.ofNullable(other.getReason())
                        .map(reason -> reason + " (" + other.getFile() + ")")
                        .orElse(other.toString());
            default -> Optional.ofNullable(e.getMessage()).orElse(e.toString());
        };
    }
}
