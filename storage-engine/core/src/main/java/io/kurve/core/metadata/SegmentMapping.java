package io.kurve.core.metadata;

import java.util.List;
import java.util.Optional;

/**
 * The MDS's answer to a look-up, given only after the attachment is granted on every copyset named.
 *
 * @param segment empty: not mapped, reads as zeros (true for as long as this exclusive attachment
 *     is the only writer)
 * @param placements of the copysets that the segment names
 */
public record SegmentMapping(Optional<SegmentMap> segment, List<CopysetPlacement> placements) {}
