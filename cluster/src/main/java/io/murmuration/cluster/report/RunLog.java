package io.murmuration.cluster.report;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.Duration;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the log of this process to a file as well: the terminal only shows what is serious, the file what an operator
 * wants to read afterwards, stack traces included. A thread of its own writes: whoever logs, an actor as well, never waits for
 * the disk, and what does not fit into the queue meanwhile is not logged.
 */
public final class RunLog implements AutoCloseable {

    /** Between two looks at the size: what a node can write meanwhile is small beside any bound. */
    private static final Duration LOOK = Duration.buildByMilliseconds(100);

    /** Lines that wait for the disk, stack traces included some MiB. */
    private static final int MOST_WAITING = 4096;

    /** How long they may take at the end. */
    private static final int FLUSH_MILLIS = 5000;

    private final ch.qos.logback.classic.Logger root;
    private final AsyncAppender appender;

    private RunLog(ch.qos.logback.classic.Logger root, AsyncAppender appender) {
        this.root = root;
        this.appender = appender;
    }

    /**
     * Appends to {@code file} until closed; a disk that fills up does not stop the process. A file that has so many bytes takes the place of an older one, {@code NAME.1.log}, and is begun anew.
     *
     * @param file {@code NAME.log}
     * @param most about; it is looked at a few times a second
     */
    public static RunLog bounded(Path file, long most) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        FixedWindowRollingPolicy older = new FixedWindowRollingPolicy();
        older.setContext(context);
        older.setParent(appender);
        older.setMinIndex(1);
        older.setMaxIndex(1);
        older.setFileNamePattern(file.toString().replaceFirst("\\.log$", "").replace("%", "\\%") + ".%i.log");
        SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
        size.setContext(context);
        size.setMaxFileSize(new FileSize(most));
        size.setCheckIncrement(LOOK);
        appender.setRollingPolicy(older);
        appender.setTriggeringPolicy(size);
        return to(file, appender, () -> {
            older.start();
            size.start();
        });
    }

    /** @param policies are started when the appender has its file, and before itself is */
    static RunLog to(Path file, FileAppender<ILoggingEvent> appender, Runnable policies) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{24} - %msg%n");
        encoder.start();
        appender.setContext(context);
        appender.setName(file.toString());
        appender.setFile(file.toString());
        appender.setEncoder(encoder);
        policies.run();
        appender.start();
        ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        AsyncAppender queue = new AsyncAppender();
        queue.setContext(context);
        queue.setName(file + ", waiting");
        queue.setQueueSize(MOST_WAITING);
        queue.setDiscardingThreshold(0);
        queue.setNeverBlock(true);
        queue.setMaxFlushTime(FLUSH_MILLIS);
        queue.addAppender(appender);
        queue.start();
        root.addAppender(queue);
        return new RunLog(root, queue);
    }

    /** Waits until all is written, but not for long. */
    @Override
    public void close() {
        root.detachAppender(appender);
        appender.stop();
    }
}
