package io.murmuration.actors.planted;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.PoolRouter;
import org.apache.pekko.actor.typed.javadsl.Routers;

/** Breaks a rule of the architecture, on purpose: each method in its own way. */
public final class AsksAndRoutes {
    CompletionStage<String> asksFromOutside(ActorRef<ActorRef<String>> actor, ActorSystem<?> system) {
        return AskPattern.ask(actor, replyTo -> replyTo, Duration.ofSeconds(1), system.scheduler());
    }

    void asksFromInside(ActorContext<String> context, ActorRef<ActorRef<String>> actor) {
        context.ask(
                String.class, actor, Duration.ofSeconds(1), (ActorRef<String> replyTo) -> replyTo, (r, t) -> "answer");
    }

    PoolRouter<String> routes(Behavior<String> behavior) {
        return Routers.pool(2, behavior);
    }

    CompletableFuture<String> runsAnywhere(CompletableFuture<String> future) {
        return future.thenApplyAsync(String::trim);
    }

    Stream<String> runsEverywhere(List<String> list) {
        return list.parallelStream();
    }
}
