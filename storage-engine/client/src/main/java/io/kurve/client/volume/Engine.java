package io.kurve.client.volume;

/** The parts of one volume that its requests work with. */
record Engine(
    VolumeLimits limits,
    Session session,
    NumberWindow window,
    Segments segments,
    Copysets copysets,
    DataCalls calls,
    Turn turn) {}
