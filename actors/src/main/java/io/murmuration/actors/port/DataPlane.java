package io.murmuration.actors.port;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import java.util.function.Consumer;

/**
 * The data-plane seam: encoded tensors are offered to a peer, which takes or refuses each. What waits in between is
 * bounded; a sender that is too fast is refused.
 */
public interface DataPlane {

    /** What became of an offer. */
    sealed interface Outcome {}

    record Accepted() implements Outcome {}

    record Refused(Refusal refusal) implements Outcome {}

    /** It is not known whether the frame arrived: the peer or the way to it is gone. */
    record Failed(String reason) implements Outcome {}

    /** A frame that has arrived; the receiver answers it exactly once, from any thread. */
    interface Delivery {
        DataFrame frame();

        void accept();

        void refuse(Refusal refusal);
    }

    /** Lets {@code self} receive; {@code inbox} must hand over and return at once. */
    void attach(Member self, Consumer<Delivery> inbox);

    void detach(Member self);

    /** Sends a frame to {@code frame.route().to()}. {@code done} is called exactly once, on any thread. */
    void offer(DataFrame frame, Consumer<Outcome> done);
}
