/** How jraft makes a ring and starts it. */
@NullMarked
package com.lmax.disruptor.dsl;

import org.jspecify.annotations.NullMarked;
