package io.murmuration.cluster.run;

import java.nio.file.Path;

/** Opens trained models: the door from the command line to the checkpoints. */
public interface TextModels {

    /**
     * @param checkpoint one checkpoint, or a run directory: then its newest one
     * @throws io.murmuration.cluster.config.UserError if there is no whole checkpoint there
     */
    TextModel open(Path checkpoint);
}
