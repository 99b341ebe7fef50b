package io.murmuration.actors.run;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A {@link ModelShard} on its way into the run. */
final class ModelJoin {

    /** Chunks of a snapshot. */
    private static final int CHUNKS = 4;

    private static final int PATIENCE = 20;

    private final RunModel world;
    private final ModelShard shard;
    final long base;
    private List<Member> donors;
    private int arrived;
    private String digest = "";
    private final Set<Member> bad = new TreeSet<>();
    private int misses;
    private boolean fetching;
    private boolean failed;
    private int gap;
    private final Map<String, Set<Member>> heard = new TreeMap<>();
    private final Map<Long, ShardMessage.Follow> follows = new TreeMap<>();

    ModelJoin(RunModel world, ModelShard shard, long base, List<Member> donors) {
        this.world = world;
        this.shard = shard;
        this.base = base;
        this.donors = donors;
        fetchLater();
    }

    private boolean restored() {
        return arrived == CHUNKS;
    }

    private void fetchLater() {
        fetching = true;
        world.inFlight.add(() -> {
            if (shard.joins(this)) {
                fetch();
            }
        });
    }

    private void fetch() {
        List<Member> believed =
                donors.stream().filter(donor -> !bad.contains(donor)).toList();
        Optional<Member> donor = believed.isEmpty()
                ? Optional.empty()
                : Optional.of(believed.get(world.random.nextInt(believed.size())));
        donor.flatMap(asked -> world.serves(asked, shard.stage, base))
                .ifPresentOrElse(served -> chunk(donor.get(), served), () -> misses++);
        if (restored()) {
            shard.restored(base, digest);
            advance();
        } else if (misses > PATIENCE || donor.isEmpty()) {
            fetching = false;
            fails(true);
        } else {
            fetchLater();
        }
    }

    /** The first to serve says what the snapshot is; who has something else is not believed. */
    private void chunk(Member donor, String served) {
        misses = 0;
        digest = arrived == 0 ? served : digest;
        if (served.equals(digest)) {
            arrived++;
        } else {
            bad.add(donor);
            shard.tell(new CoordinatorMessage.BadDonor(shard.seen(), base, donor, "it serves " + served));
        }
    }

    private void fails(boolean donorsLacking) {
        shard.tell(new CoordinatorMessage.JoinFailed(shard.seen(), base, donorsLacking, "as the model has it"));
    }

    void again(List<Member> named) {
        donors = named;
        if (failed) {
            fails(false);
        } else if (restored()) {
            shard.enlisted();
        } else if (!fetching) {
            misses = 0;
            fetchLater();
        }
    }

    void hear(long step, long round, Member participant) {
        heard.computeIfAbsent(step + "/" + round, absent -> new TreeSet<>()).add(participant);
        advance();
    }

    void follow(ShardMessage.Follow order) {
        if (failed) {
            fails(false);
        } else if (restored() && order.step() < shard.version()) {
            shard.enlisted();
        } else {
            follows.put(order.step(), order);
            advance();
        }
    }

    private Optional<ShardMessage.Follow> next() {
        return restored() && !failed ? Optional.ofNullable(follows.get(shard.version())) : Optional.empty();
    }

    private void advance() {
        for (Optional<ShardMessage.Follow> next = next(); next.isPresent(); next = next()) {
            ShardMessage.Follow order = next.get();
            Set<Member> parts = heard.getOrDefault(order.step() + "/" + order.round(), Set.of());
            if (!parts.containsAll(order.participants())) {
                return;
            }
            gap = 0;
            shard.followed(order);
        }
    }

    /** Time passes: a part that does not come is missing at last. */
    void work() {
        if (next().isPresent() && ++gap > PATIENCE) {
            failed = true;
            fails(false);
        }
    }
}
