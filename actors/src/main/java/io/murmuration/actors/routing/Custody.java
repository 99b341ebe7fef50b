package io.murmuration.actors.routing;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One hop of the pipeline as its sender sees it: which microbatches still want an answer from the next stage, in which
 * attempts, from whom. The first answer wins and the other attempts are to be cancelled; a replica that leaves, refuses
 * or misses its deadline is replaced, and only this hop is done again.
 *
 * <p>Pure and single-threaded. Bounded by the microbatches of the open steps; a replica never has more unanswered attempts
 * than its credits (one more for re-sends, so that they always find a way).
 */
public final class Custody {

    /** No limit on unanswered attempts: what was sent there is sent again. */
    private static final int ANY = Integer.MAX_VALUE;

    /** Backward counts about twice forward; the whole of a hop is charged as one unit of both. */
    private static final double WORK = 1.0;

    /** An offer to be made. */
    public record Dispatch(MicrobatchId id, int attempt, Member to) {}

    /**
     * What an answer means.
     *
     * @param first nobody answered before: use it
     * @param cancel the attempts that lost
     */
    public record Answer(boolean first, List<Dispatch> cancel) {
        private static final Answer USELESS = new Answer(false, List.of());
    }

    private static final class Attempt {
        private final Dispatch dispatch;
        private final long started;
        private long deadline;

        private Attempt(Dispatch dispatch, long started, long deadline) {
            this.dispatch = dispatch;
            this.started = started;
            this.deadline = deadline;
        }
    }

    private static final class Item {
        private final MicrobatchId id;
        private final List<Attempt> live = new ArrayList<>();
        private Optional<Member> hint = Optional.empty();
        private int attempts;
        private int refusals;
        private boolean resend;
        private boolean waiting = true;
        private boolean answered;
        /** Answers to attempts up to this one belong to an earlier order. */
        private final int settled;

        private Item(MicrobatchId id, int settled) {
            this.id = id;
            this.attempts = settled;
            this.settled = settled;
        }
    }

    private static final Comparator<Item> URGENT = Comparator.<Item, Boolean>comparing(item -> !item.resend)
            .thenComparing(item -> item.refusals)
            .thenComparing(item -> item.id);

    private final StageRouter router;
    private final AdaptiveDeadline deadline;
    private final int credits;
    private final long retryNanos;
    private final Map<MicrobatchId, Item> items = new TreeMap<>();
    private final Map<MicrobatchId, Member> hints = new TreeMap<>();
    /** Attempts made for what was given up: numbers are never used twice, so that late answers are known as such. */
    private final Map<MicrobatchId, Integer> spent = new TreeMap<>();

    private final Map<Member, Integer> outstanding = new LinkedHashMap<>();
    private final Map<Member, Long> closedUntil = new LinkedHashMap<>();
    private final Set<Member> unreachable = new TreeSet<>();
    private long missedDeadlines;

    /**
     * The custody of one life of a peer; its ties are broken by the run's seed, its name and its incarnation.
     *
     * @param ban how long the first failure of the way to a replica keeps it out
     */
    public static Custody seeded(
            long seed, Member self, AdaptiveDeadline.Settings deadline, int credits, Duration retry, Duration ban) {
        long mixed = seed ^ ((long) self.peer().name().hashCode() << 20) ^ self.incarnation();
        return new Custody(
                new StageRouter(new SplittableRandom(mixed), ban.toNanos()),
                new AdaptiveDeadline(deadline),
                credits,
                retry.toNanos());
    }

    /**
     * @param credits unanswered first attempts a replica may have
     * @param retryNanos how long a replica that refused is left alone, unless something frees it earlier
     */
    public Custody(StageRouter router, AdaptiveDeadline deadline, int credits, long retryNanos) {
        if (credits < 1) {
            throw new IllegalArgumentException("credits must be at least 1, was " + credits);
        }
        this.router = router;
        this.deadline = deadline;
        this.credits = credits;
        this.retryNanos = retryNanos;
    }

    /** Sets the replicas of the next stage; what the missing ones had is to be sent again. */
    public void members(List<Member> members) {
        router.members(members);
        outstanding.keySet().retainAll(members);
        closedUntil.keySet().retainAll(members);
        hints.values().retainAll(members);
        for (Member member : members) {
            outstanding.putIfAbsent(member, 0);
        }
        for (Item item : items.values()) {
            item.live.removeIf(attempt -> !members.contains(attempt.dispatch.to()));
            item.hint = item.hint.filter(members::contains);
            if (!item.answered && item.live.isEmpty() && item.attempts > item.settled) {
                item.waiting = true;
                item.resend = true;
            }
        }
    }

    /**
     * The way to {@code member} is cut, or it stands still: what it has is sent elsewhere as well and nothing more to it,
     * until it is {@link #reachable} again. It stays a member, and its answers still count.
     */
    public void unreachable(Member member) {
        unreachable.add(member);
        for (Item item : items.values()) {
            if (!item.answered && tried(item, member)) {
                item.waiting = true;
                item.resend = true;
            }
        }
    }

    public void reachable(Member member) {
        unreachable.remove(member);
    }

    /** Takes a microbatch into custody, or one already answered back into it, to be sent (again). */
    public void hold(MicrobatchId id, boolean resend) {
        Item item = item(id);
        item.answered = false;
        item.waiting = item.live.isEmpty();
        item.resend |= resend || item.attempts > 0;
        item.hint = Optional.ofNullable(hints.remove(id));
    }

    private Item item(MicrobatchId id) {
        return items.computeIfAbsent(id, absent -> new Item(id, spent.getOrDefault(id, 0)));
    }

    /** {@code member} has this microbatch already from somebody who is gone; sending it there doubles nothing. */
    public void hint(MicrobatchId id, Member member) {
        if (!outstanding.containsKey(member)) {
            return;
        }
        Item item = items.get(id);
        if (item == null) {
            hints.put(id, member);
        } else {
            item.hint = Optional.of(member);
        }
    }

    /** Takes over an attempt that somebody else made. */
    public void adopt(MicrobatchId id, Member member, int attempt, long now) {
        Item item = item(id);
        if (item.answered || !outstanding.containsKey(member)) {
            return;
        }
        item.waiting = false;
        item.attempts = Math.max(item.attempts, attempt);
        start(item, new Dispatch(id, attempt, member), now);
    }

    /**
     * Everything that can be offered now, re-sends first, then what was refused least often, so that what nobody takes
     * does not keep the rest waiting; each is charged and counted as under way.
     */
    public List<Dispatch> dispatch(long now) {
        List<Dispatch> dispatches = new ArrayList<>();
        items.values().stream().filter(item -> item.waiting).sorted(URGENT).forEach(item -> choose(item, now)
                .ifPresent(member -> {
                    item.waiting = false;
                    item.attempts++;
                    Dispatch dispatch = new Dispatch(item.id, item.attempts, member);
                    start(item, dispatch, now);
                    dispatches.add(dispatch);
                }));
        return dispatches;
    }

    private Optional<Member> choose(Item item, long now) {
        int limit = item.resend ? credits + 1 : credits;
        Optional<Member> hinted = item.hint.filter(member -> open(member, credits + 1, now));
        if (hinted.isPresent()) {
            router.chosen(hinted.get(), WORK);
            return hinted;
        }
        return router.pick(WORK, now, member -> open(member, limit, now) && !tried(item, member))
                // Ask one that has it already again: the new attempt takes the place of the old one, and so its credit.
                .or(() -> router.pick(WORK, now, member -> tried(item, member) && open(member, ANY, now)));
    }

    private boolean open(Member member, int limit, long now) {
        return !unreachable.contains(member)
                && outstanding.getOrDefault(member, limit) < limit
                && now >= closedUntil.getOrDefault(member, now);
    }

    private static boolean tried(Item item, Member member) {
        return item.live.stream().anyMatch(attempt -> attempt.dispatch.to().equals(member));
    }

    private void start(Item item, Dispatch dispatch, long now) {
        item.live.stream()
                .filter(attempt -> attempt.dispatch.to().equals(dispatch.to()))
                .toList()
                .forEach(attempt -> end(item, attempt));
        item.live.add(new Attempt(dispatch, now, now + deadline.nanos()));
        outstanding.merge(dispatch.to(), 1, Integer::sum);
    }

    private void end(Item item, Attempt attempt) {
        item.live.remove(attempt);
        outstanding.computeIfPresent(attempt.dispatch.to(), (member, count) -> count - 1);
    }

    /** The receiver did not take an offer; it will be made elsewhere, or there again a little later. */
    public void refused(Dispatch dispatch, Refusal.Reason reason, long now) {
        withdraw(dispatch);
        Optional.ofNullable(items.get(dispatch.id())).ifPresent(item -> item.refusals++);
        closedUntil.put(dispatch.to(), now + retryNanos);
    }

    /** An offer was lost on the way, as far as anybody knows. */
    public void failed(Dispatch dispatch, long now) {
        withdraw(dispatch);
        router.failed(dispatch.to(), now);
        closedUntil.put(dispatch.to(), now + retryNanos);
    }

    private void withdraw(Dispatch dispatch) {
        Item item = items.get(dispatch.id());
        if (item == null) {
            return;
        }
        for (Attempt attempt : List.copyOf(item.live)) {
            if (attempt.dispatch.equals(dispatch)) {
                end(item, attempt);
                if (item.live.isEmpty() && !item.answered) {
                    item.waiting = true;
                }
            }
        }
    }

    /** An answer arrived. */
    public Answer answered(MicrobatchId id, int attemptNumber, Member from, long now) {
        Item item = items.get(id);
        if (item == null || item.answered || attemptNumber <= item.settled) {
            return Answer.USELESS;
        }
        item.answered = true;
        item.waiting = false;
        closedUntil.remove(from);
        List<Dispatch> cancel = new ArrayList<>();
        for (Attempt attempt : List.copyOf(item.live)) {
            if (attempt.dispatch.to().equals(from)) {
                deadline.observe(now - attempt.started);
                router.succeeded(from, WORK, attempt.started, now);
            } else {
                cancel.add(attempt.dispatch);
            }
            end(item, attempt);
        }
        return new Answer(true, cancel);
    }

    /** Marks overdue microbatches for another attempt; the old ones may still win. */
    public void expire(long now) {
        for (Item item : items.values()) {
            for (Attempt attempt : item.live) {
                if (now - attempt.deadline >= 0) {
                    attempt.deadline = now + deadline.nanos();
                    item.waiting = true;
                    item.resend = true;
                    missedDeadlines++;
                }
            }
        }
    }

    /** When {@link #dispatch} or {@link #expire} may next have something to do without any other event. */
    public OptionalLong wake(long now) {
        long wake = Long.MAX_VALUE;
        boolean waiting = false;
        boolean resend = false;
        for (Item item : items.values()) {
            waiting |= item.waiting;
            resend |= item.waiting && (item.resend || item.hint.isPresent());
            for (Attempt attempt : item.live) {
                wake = Math.min(wake, attempt.deadline - now);
            }
        }
        // Whoever waits for credit is woken by an answer; only bans and refusals end with time alone.
        int limit = resend ? credits + 1 : credits;
        boolean again = items.values().stream()
                .anyMatch(item -> item.waiting
                        && item.live.stream().anyMatch(attempt -> !unreachable.contains(attempt.dispatch.to())));
        if (waiting
                && (again
                        || outstanding.entrySet().stream()
                                .anyMatch(
                                        entry -> entry.getValue() < limit && !unreachable.contains(entry.getKey())))) {
            wake = Math.min(wake, retryNanos);
        }
        return wake == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(Math.max(wake, 0));
    }

    /** Gives a microbatch up; the attempts under way are to be cancelled. */
    public List<Dispatch> drop(MicrobatchId id) {
        Item item = items.remove(id);
        if (item == null) {
            return List.of();
        }
        spent.put(id, item.attempts);
        List<Dispatch> cancel =
                item.live.stream().map(attempt -> attempt.dispatch).toList();
        List.copyOf(item.live).forEach(attempt -> end(item, attempt));
        return cancel;
    }

    /** Gives all of a step up: other orders are coming for it. Nothing that was sent before them is an answer. */
    public void restart(long step) {
        of(items, step).forEach(this::drop);
        of(hints, step).forEach(hints::remove);
        closedUntil.clear();
    }

    /** Forgets every microbatch before {@code first}: its step is over. */
    public void over(MicrobatchId first) {
        before(items, first).forEach(this::drop);
        before(hints, first).forEach(hints::remove);
        before(spent, first).forEach(spent::remove);
    }

    private static List<MicrobatchId> of(Map<MicrobatchId, ?> map, long step) {
        return map.keySet().stream().filter(id -> id.step() == step).toList();
    }

    private static List<MicrobatchId> before(Map<MicrobatchId, ?> map, MicrobatchId first) {
        return map.keySet().stream().filter(id -> id.compareTo(first) < 0).toList();
    }

    /** Forgets everything. */
    public void clear() {
        spent.clear();
        items.clear();
        hints.clear();
        outstanding.replaceAll((member, count) -> 0);
        closedUntil.clear();
    }

    /** For logs: every microbatch without an answer and where it was sent. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Item item : items.values()) {
            if (!item.answered) {
                text.append(item.id).append(item.waiting ? " waits" : " sent");
                item.live.forEach(attempt -> text.append(' ')
                        .append(attempt.dispatch.to())
                        .append('/')
                        .append(attempt.dispatch.attempt()));
                text.append("; ");
            }
        }
        return text + "outstanding " + outstanding;
    }

    /** Microbatches still without an answer. */
    public List<MicrobatchId> unanswered() {
        List<MicrobatchId> ids = new ArrayList<>();
        for (Item item : items.values()) {
            if (!item.answered) {
                ids.add(item.id);
            }
        }
        return ids;
    }

    /** Unanswered attempts at {@code member}. */
    public int outstanding(Member member) {
        return outstanding.getOrDefault(member, 0);
    }

    public long missedDeadlines() {
        return missedDeadlines;
    }
}
