/**
 * Learning rates as functions of a run's progress. May use the root only. Never keeps state: the
 * rate of a step is a pure function, so a resumed run needs nothing saved. Read {@link
 * io.gradsieve.optim.schedule.Schedule} first.
 */
@Internal
@NullMarked
package io.gradsieve.optim.schedule;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
