package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.port.Compute.Outcome;
import io.murmuration.actors.port.Compute.Task;
import io.murmuration.actors.protocol.Member;
import java.util.function.Supplier;

/** What carries out the tasks of a node in one of its lives, apart from how long they take in virtual time. */
interface Work {

    /** Begins a task; nobody begins two of one owner at once. The result waits until the task is done. */
    <R> Supplier<Outcome<R>> begin(Member owner, Task<R> task);

    /** Frees what is held for an owner; a task under way ends first. */
    void release(Member owner);

    /** Frees everything; tasks under way end first. */
    void close();
}
