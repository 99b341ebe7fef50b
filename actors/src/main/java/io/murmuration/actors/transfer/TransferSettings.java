package io.murmuration.actors.transfer;

import java.time.Duration;

/**
 * How snapshots are pulled and served.
 *
 * @param run identity of the run; frames of another are refused
 * @param chunkBytes size of one chunk
 * @param window chunks asked of one donor at once; a donor serves no more at once to one receiver
 * @param attempts answers in a row that a donor may owe or refuse before a receiver gives it up
 * @param deadline how long a donor may take for an answer
 * @param retry pause before something refused is offered again, and after a donor's first refusal
 * @param pinWait how long a donor keeps a copy that nobody asks for
 */
public record TransferSettings(
        String run, int chunkBytes, int window, int attempts, Duration deadline, Duration retry, Duration pinWait) {}
