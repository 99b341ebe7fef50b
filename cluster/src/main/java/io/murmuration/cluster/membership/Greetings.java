package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.NodeIdentity;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;

/** Answers who wants to be let in: welcome, or why not. Not thread-safe: the gateway owns it. */
final class Greetings {

    private final ClusterGateway.Options options;
    private final Cluster cluster;
    private final ActorRefResolver resolver;
    private final Directory directory;
    private final OwnEntry own;
    private final Refusals refusals;
    private final GreetingAnswers answers = new GreetingAnswers();
    private final NameClaims claims;

    Greetings(
            ClusterGateway.Options options,
            Cluster cluster,
            ActorRefResolver resolver,
            Directory directory,
            OwnEntry own,
            Refusals refusals) {
        this.options = options;
        this.cluster = cluster;
        this.resolver = resolver;
        this.directory = directory;
        this.own = own;
        this.refusals = refusals;
        this.claims = new NameClaims(options.missedWithin());
    }

    /** @param sender path from which it came */
    void greeted(ClusterMessage.Greeting greeting, String sender) {
        String node = greeting.from().node();
        String address = addressOf(greeting.answerTo());
        Optional<String> silence = answers.silence(greeting.answerTo(), sender, isMember(address), System.nanoTime());
        if (silence.isPresent()) {
            refusals.count(
                    Refusals.Kind.UNANSWERED, "did not answer a greeting of node " + node + ": " + silence.get());
            return;
        }
        Optional<DirectoryEntry> namesake =
                directory.entry(node).filter(entry -> !entry.control().equals(address));
        if (namesake.isPresent()
                && !node.equals(options.self().node())
                && !directory.isUnreachable(namesake.get().place())
                && !claims.settled(address, System.nanoTime())) {
            return;
        }
        Optional<String> reason = reason(greeting, address);
        reason.ifPresent(why ->
                refusals.count(Refusals.Kind.TURNED_AWAY, "turned node " + node + " at " + address + " away: " + why));
        ActorRef<ClusterMessage> answerTo = resolver.resolveActorRef(greeting.answerTo());
        answerTo.tell(reason.<ClusterMessage>map(why -> new ClusterMessage.TurnedAway(options.self(), why))
                .orElseGet(() -> new ClusterMessage.Welcome(
                        options.self(),
                        cluster.selfMember().address().toString(),
                        cluster.selfMember().status() == MemberStatus.up())));
    }

    private Optional<String> reason(ClusterMessage.Greeting greeting, String address) {
        NodeIdentity other = greeting.from();
        Optional<DirectoryEntry> known = directory.entry(other.node());
        return Refusals.reason(
                        options.self(),
                        other,
                        address,
                        known,
                        known.map(entry -> directory.isUnreachable(entry.place()))
                                .orElse(true),
                        own.ending().or(() -> directory.entries().stream()
                                .flatMap(entry -> entry.ending().stream())
                                .findFirst()))
                .or(() -> Refusals.reason(
                        options.coordinators(),
                        greeting.coordinators(),
                        greeting.mayLead(),
                        otherCoordinators(address)));
    }

    private boolean isMember(String address) {
        return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                .anyMatch(member -> member.address().toString().equals(address));
    }

    /** Addresses of the coordinators in the cluster but one; none as long as one of them cannot be reached and may go. */
    private List<String> otherCoordinators(String but) {
        boolean allReached = cluster.state().getUnreachable().stream().noneMatch(Greetings::coordinates);
        return allReached
                ? StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                        .filter(Greetings::coordinates)
                        .map(member -> member.address().toString())
                        .filter(address -> !address.equals(but))
                        .sorted()
                        .toList()
                : List.of();
    }

    private static boolean coordinates(Member member) {
        return member.hasRole(ClusterGateway.COORDINATOR);
    }

    private static String addressOf(String path) {
        int end = path.indexOf("/user/");
        return end < 0 ? path : path.substring(0, end);
    }
}
