package io.murmuration.cluster.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.util.Optional;

/** A number of bytes as settings write it: {@code 512 KiB}, {@code 2GiB}, {@code 1000}. */
public final class ByteSize {

    private ByteSize() {}

    /** Empty if it is no size, or not above 0. */
    public static Optional<Long> of(String text) {
        String key = "size";
        try {
            long bytes = ConfigFactory.empty()
                    .withValue(key, ConfigValueFactory.fromAnyRef(text))
                    .getBytes(key);
            return bytes > 0 ? Optional.of(bytes) : Optional.empty();
        } catch (ConfigException e) {
            return Optional.empty();
        }
    }
}
