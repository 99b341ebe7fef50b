package io.murmuration.faults;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Whole simulated swarms say too much: a seed brings everything back, so their tests log without the details. */
public final class QuietLog implements BeforeAllCallback, AfterAllCallback {

    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.murmuration");

    @Override
    public void beforeAll(ExtensionContext context) {
        LOGGER.setLevel(Level.WARN);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        LOGGER.setLevel(Level.DEBUG);
    }
}
