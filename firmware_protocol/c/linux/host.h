/* One bank on Linux: clock, controller and steel together, and the lines that steer them. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>

#include "../controller.h"

struct host {
    struct controller controller;
    struct bank_plan plan;
    uint8_t unit;
    bool powered;
};

extern struct host host;

/* Switch on. */
void host_power_on(void);

/* Let so many milliseconds pass: steel every millisecond, controller every five and at the end. */
void host_run(uint32_t ms);

/* Hear bytes on a port. */
void host_hear(uint8_t port, const uint8_t *octets, uint16_t count, bool silence);

/* Carry one line of words out and put the answer, without its line feed, into `answer`. */
void host_obey(char *line, char *answer, size_t room);

#endif
