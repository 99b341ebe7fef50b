package io.murmuration.actors.planted;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.stream.Materializer;

/** Breaks a rule of the architecture, on purpose. */
public final class UsesStreams {
    Materializer materializer;
    Receptionist receptionist;
    InetSocketAddress address;
    Path file;
}
