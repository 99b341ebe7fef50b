package io.murmuration.tensors.data;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a run's tokens come from.
 *
 * @param path a file or a folder; empty: the built-in text
 * @param validation a file or a folder to validate on instead of the last 5 % of {@code path}
 * @param vocabulary number of the model's token ids; others are refused
 * @param textKey where a line of JSON has its document
 * @param tokenBytes bytes of an id in token files: 2, 4, or 0 for 2 where the vocabulary allows it and 4 elsewhere
 * @param cache folder for ids of text that cannot be mapped as it is; made when needed
 */
public record CorpusSettings(
        Optional<Path> path,
        Optional<Path> validation,
        Tokeniser tokeniser,
        int vocabulary,
        String textKey,
        int tokenBytes,
        Path cache) {

    int width() {
        return tokenBytes == 0 ? TokenFiles.customaryWidth(vocabulary) : tokenBytes;
    }
}
