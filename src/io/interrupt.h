#pragma once

namespace poise {

// Thrown where work can stop, after SIGINT or SIGTERM; unwinding removes what was half-written. Not an Error: nothing
// went wrong.
struct Interrupted {
  int signal;
};

// For the command's main, once: SIGINT and SIGTERM ask for a stop (a second one, half a second later, ends the process
// at once); a write past the file size limit or into a closed pipe is an error of that write instead of a signal.
void install_signal_handlers();

// Throws Interrupted once a stop was asked for. Called between blocks of work.
void check_interrupt();

// Asks for a stop as the signal would (0: takes the request back).
void request_interrupt(int signal) noexcept;

}  // namespace poise
