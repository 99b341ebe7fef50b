package io.murmuration.cluster.transport;

import java.net.ConnectException;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** How a connection ended, or did not come about. */
sealed interface Ending {

    /** Nobody listens there. */
    record Refused() implements Ending {
        @Override
        public String toString() {
            return "connection refused";
        }
    }

    /** One side does not take the other. */
    record Rejected(Rejection rejection) implements Ending {
        @Override
        public String toString() {
            return "rejected, " + rejection;
        }
    }

    record Broken(String reason) implements Ending {
        @Override
        public String toString() {
            return reason;
        }
    }

    /** What a failed stream says. */
    static Ending of(Throwable failure) {
        Optional<Throwable> refused = causes(failure)
                .filter(cause -> cause instanceof ConnectException
                        && String.valueOf(cause.getMessage()).contains("refused"))
                .findFirst();
        if (refused.isPresent()) {
            return new Refused();
        }
        Optional<Throwable> insecure =
                causes(failure).filter(SSLException.class::isInstance).findFirst();
        if (insecure.isPresent()) {
            Throwable root = causes(failure).reduce((first, second) -> second).orElse(failure);
            return new Rejected(Rejection.of(Rejection.Reason.CERTIFICATE, String.valueOf(root.getMessage())));
        }
        return new Broken(String.valueOf(failure.getMessage()));
    }

    private static Stream<Throwable> causes(Throwable failure) {
        return Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
                .limit(10);
    }
}
