/* RTU frames on a shared line: where one begins, where it ends, whether it is whole (SPEC 2.2, 2.3, 2.5). */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_MOST 256u
#define FUNCTION_READ 0x03u
#define FUNCTION_READ_INPUT 0x04u
#define FUNCTION_WRITE_ONE 0x06u
#define FUNCTION_WRITE_MANY 0x10u
#define FUNCTION_READ_WRITE 0x17u
#define FUNCTION_DEVICE_ID 0x2Bu
#define EXCEPTION_BIT 0x80u

/* A whole request with a good CRC; `body` lies between function and CRC and lives until the call returns. */
struct frame {
    uint8_t unit;
    uint8_t function;
    const uint8_t *body;
    uint16_t body_count;
};

typedef void (*frame_handler)(void *owner, const struct frame *request);

struct frame_reader {
    uint8_t pending[FRAME_MOST];
    uint16_t count;
};

void frame_reader_start(struct frame_reader *reader);

/* Take bytes as they came; `silence` says that the line has gone quiet behind them. Answers of neighbours, noise and
 * damaged frames are passed over. Any bytes are safe. */
void frame_feed(struct frame_reader *reader, const uint8_t *octets, uint16_t count, bool silence,
                frame_handler handle, void *owner);

#endif
