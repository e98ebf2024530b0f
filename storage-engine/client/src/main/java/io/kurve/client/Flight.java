package io.kurve.client;

/**
 * How one request is known beyond this process: whoever goes on with the attachment after it must
 * send what is asked for again under the same number, or it would be applied twice.
 *
 * <pre>
 *   asked --> takes(number) --> sent, perhaps many times --> ended --> answered: isOver
 *             noted durably                                            the note may go
 * </pre>
 *
 * While it is not over, the attachment's low-water mark stays at or below its number.
 */
public interface Flight {
  /** Of a request that nobody asks for again once this process is gone. */
  Flight UNNOTED =
      new Flight() {
        @Override
        public long earlierNumber() {
          return 0;
        }

        @Override
        public void takes(long number) {
          // nobody goes on with it
        }

        @Override
        public boolean isOver() {
          return true;
        }
      };

  /** The first number that an earlier process gave it; 0 if none did. */
  long earlierNumber();

  /**
   * Told on the volume's thread before anything is sent under the number. The first one names the
   * request; few take more than one.
   */
  void takes(long number);

  /** Whether it can't be asked for again; may be asked at any time after it has ended. */
  boolean isOver();
}
