package io.murmuration.cluster.report;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file of a log, and its bound. */
final class RunLogTest {

    private static final Logger LOG = LoggerFactory.getLogger(RunLogTest.class);
    private static final int MOST = 64 * 1024;

    @TempDir
    private Path folder;

    private long bytes() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    /** Hangs in the first line until it is let go. */
    private static final class HangingDisk extends FileAppender<ILoggingEvent> {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch goesOn = new CountDownLatch(1);

        @Override
        protected void subAppend(ILoggingEvent event) {
            reached.countDown();
            // The end of the log interrupts who writes, which no disk heeds.
            boolean interrupted = false;
            while (goesOn.getCount() > 0) {
                try {
                    goesOn.await();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            super.subAppend(event);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    @Timeout(30)
    void who_logs_does_not_wait_for_a_disk_that_hangs() throws Exception {
        Path file = folder.resolve("run.log");
        HangingDisk disk = new HangingDisk();
        RunLog log = RunLog.to(file, disk, () -> {});
        LOG.info("the first line");
        disk.reached.await();
        LOG.info("said meanwhile");
        assertThat(file).isEmptyFile();

        disk.goesOn.countDown();
        log.close();
        assertThat(Files.readString(file)).contains("the first line\n").endsWith("said meanwhile\n");
    }

    @Test
    @SuppressWarnings("try")
    void a_bounded_log_keeps_one_older_file_and_what_was_written_last() throws IOException {
        Path file = folder.resolve("node.log");
        Path older = folder.resolve("node.1.log");
        String text = "x".repeat(1000);
        try (RunLog log = RunLog.bounded(file, MOST)) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            int rolled = 0;
            long last = 0;
            while (rolled < 4 && System.nanoTime() - deadline < 0) {
                LOG.info("{}", text);
                long size = file.toFile().length();
                rolled += size < last ? 1 : 0;
                last = size;
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
            assertThat(rolled).isEqualTo(4);
            assertThat(older).exists();
            assertThat(bytes())
                    .as("one older file, and a tenth of a second of lines")
                    .isLessThan(8L * MOST);
            LOG.info("the last line");
        }
        assertThat(Files.readString(file)).endsWith("the last line\n");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactlyInAnyOrder(file, older);
        }
    }
}
