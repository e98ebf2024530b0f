/** Tests of the client over real connections. */
@NullMarked
package io.kurve.client.cluster;

import org.jspecify.annotations.NullMarked;
