/* From a whole request to its answer: functions, spans, exceptions (SPEC 2.2, 2.6, 2.8, 3.1, 8.1). */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "state.h"

/* Take one request; answer on the port it came from. Others' units and broadcasts are never answered. */
void requests_take(struct controller *c, uint8_t port, const struct frame *request);

#endif
