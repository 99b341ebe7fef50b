package io.murmuration.faults.simulation;

import com.typesafe.config.Config;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.dispatch.Envelope;
import org.apache.pekko.dispatch.MailboxType;
import org.apache.pekko.dispatch.MessageQueue;
import org.apache.pekko.dispatch.ProducesMessageQueue;
import org.apache.pekko.dispatch.UnboundedMailbox;
import scala.Option;

/**
 * The mailboxes of a simulated actor system: as usual, but for a message of another thread, which is found even if the
 * receiver was about to run anyway. Made by Pekko.
 */
public final class LoopMailbox implements MailboxType, ProducesMessageQueue<UnboundedMailbox.MessageQueue> {

    private final EventLoop loop;

    public LoopMailbox(ActorSystem.Settings settings, Config config) {
        loop = LoopSetup.loop(settings);
    }

    @Override
    public MessageQueue create(Option<ActorRef> owner, Option<ActorSystem> system) {
        return new Queue(loop);
    }

    private static final class Queue extends UnboundedMailbox.MessageQueue {
        private static final long serialVersionUID = 1L;

        private final transient EventLoop loop;

        private Queue(EventLoop loop) {
            this.loop = loop;
        }

        @Override
        public void enqueue(ActorRef receiver, Envelope envelope) {
            loop.check();
            super.enqueue(receiver, envelope);
        }
    }
}
