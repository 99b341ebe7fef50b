package io.murmuration.cluster.cli;

import io.murmuration.cluster.run.StopSignal;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Notices that whoever started this process is gone: then its standard input ends, whatever became of it. The node is asked
 * to leave, and ended if it does not.
 */
final class InputWatch {

    private InputWatch() {}

    /** @param patience how long it may take to leave */
    static void start(InputStream input, StopSignal stop, Duration patience) {
        Thread.ofPlatform().daemon().name("murmuration-input").start(() -> {
            waitForEnd(input);
            stop.request();
            try {
                TimeUnit.NANOSECONDS.sleep(patience.toNanos());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().halt(ExitCode.FAILED);
        });
    }

    private static void waitForEnd(InputStream input) {
        byte[] read = new byte[256];
        try {
            while (input.read(read) >= 0) {
                continue; // nothing is said there
            }
        } catch (IOException e) {
            return; // an input that cannot be read has ended
        }
    }
}
