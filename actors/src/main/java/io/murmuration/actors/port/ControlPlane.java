package io.murmuration.actors.port;

import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import java.util.function.Consumer;

/** The control-plane seam. A message may be delayed, lost or doubled; order holds only between two peers. */
public interface ControlPlane {

    /** Lets {@code self} receive; {@code inbox} must hand over and return at once. */
    void attach(Member self, Consumer<Envelope> inbox);

    void detach(Member self);

    void send(Envelope envelope);
}
