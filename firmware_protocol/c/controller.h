/* The controller of one bank: start it, poll it, let it hear. The only header that a port's main program needs.
 *
 * NOT A SAFETY FUNCTION: it has no performance level, conforms to no standard for mobile shelving and detects nobody
 * (SPEC 1.2). Emergency stop, edges and beams must cut the drive without this code.
 */
#ifndef CONTROLLER_H
#define CONTROLLER_H

#include "state.h"

/* Start as after power on: a new boot id, nothing remembered. `plan` must live as long as the controller. */
void controller_start(struct controller *c, const struct bank_plan *plan, uint8_t unit);

/* Let time and inputs do their work. Call at least every 10 ms, and from the same thread as controller_hear. */
void controller_poll(struct controller *c);

/* Take bytes of a port as they came; `silence`: 3.5 characters of quiet followed. Answers go out by hal_write. */
void controller_hear(struct controller *c, uint8_t port, const uint8_t *octets, uint16_t count, bool silence);

#endif
