#include "frame.h"

#include <string.h>

#include "crc.h"

#define INCOMPLETE 0
#define IMPOSSIBLE (-1)
#define LAST_UNIT 247u

/* The count of bytes must agree with the count of registers two bytes before it: garbage seldom does. */
static int measure_written(const uint8_t *octets, int left, int count_at, int header)
{
    int count;

    if (left <= count_at)
        return INCOMPLETE;
    count = octets[count_at];
    if (count == 0 || (count & 1) != 0 || header + count > (int)FRAME_MOST)
        return IMPOSSIBLE;
    return octets[count_at - 2] == 0u && octets[count_at - 1] * 2 == count ? header + count : IMPOSSIBLE;
}

static int measure_request(const uint8_t *octets, int left)
{
    switch (octets[1]) {
    case FUNCTION_READ:
    case FUNCTION_READ_INPUT:
    case FUNCTION_WRITE_ONE:
        return 8;
    case FUNCTION_DEVICE_ID:
        return 7;
    case FUNCTION_WRITE_MANY:
        return measure_written(octets, left, 6, 9);
    case FUNCTION_READ_WRITE:
        return measure_written(octets, left, 10, 13);
    default:
        return IMPOSSIBLE;
    }
}

/* Walk the objects of a 43/14 answer: each is id, length, text. */
static int measure_identification(const uint8_t *octets, int left)
{
    int end = 8;
    int objects;

    if (left < 8)
        return INCOMPLETE;
    for (objects = octets[7]; objects > 0; objects--) {
        if (end + 2 > (int)FRAME_MOST - 2)
            return IMPOSSIBLE;
        if (left < end + 2)
            return INCOMPLETE;
        end += 2 + octets[end + 1];
    }
    return end + 2 <= (int)FRAME_MOST ? end + 2 : IMPOSSIBLE;
}

static int measure_registers(const uint8_t *octets, int left)
{
    if (left <= 2)
        return INCOMPLETE;
    if (octets[2] == 0u || (octets[2] & 1u) != 0u || octets[2] > FRAME_MOST - 5u)
        return IMPOSSIBLE;
    return 5 + octets[2];
}

static int measure_response(const uint8_t *octets, int left)
{
    switch (octets[1]) {
    case FUNCTION_READ:
    case FUNCTION_READ_INPUT:
    case FUNCTION_READ_WRITE:
        return measure_registers(octets, left);
    case FUNCTION_WRITE_ONE:
    case FUNCTION_WRITE_MANY:
        return 8;
    case FUNCTION_DEVICE_ID:
        return measure_identification(octets, left);
    case EXCEPTION_BIT | FUNCTION_READ:
    case EXCEPTION_BIT | FUNCTION_READ_INPUT:
    case EXCEPTION_BIT | FUNCTION_WRITE_ONE:
    case EXCEPTION_BIT | FUNCTION_WRITE_MANY:
    case EXCEPTION_BIT | FUNCTION_READ_WRITE:
    case EXCEPTION_BIT | FUNCTION_DEVICE_ID:
        return 5;
    default:
        return IMPOSSIBLE;
    }
}

/* Length of the whole frame that begins here, or what the measure said. */
static int check_length(int length, const uint8_t *octets, int left)
{
    if (length == IMPOSSIBLE)
        return IMPOSSIBLE;
    if (length == INCOMPLETE || length > left)
        return INCOMPLETE;
    return crc16(octets, (uint16_t)length) == 0u ? length : IMPOSSIBLE;
}

static int match(const uint8_t *octets, int left, bool *is_request)
{
    int asked;
    int answered;

    *is_request = false;
    if (octets[0] > LAST_UNIT)
        return IMPOSSIBLE;
    if (left < 2)
        return INCOMPLETE;
    asked = check_length(measure_request(octets, left), octets, left);
    if (asked > 0) {
        *is_request = true;
        return asked;
    }
    answered = check_length(measure_response(octets, left), octets, left);
    if (answered > 0)
        return answered;
    return asked == INCOMPLETE || answered == INCOMPLETE ? INCOMPLETE : IMPOSSIBLE;
}

static void hand_over(const uint8_t *octets, int length, frame_handler handle, void *owner)
{
    struct frame request;

    request.unit = octets[0];
    request.function = octets[1];
    request.body = octets + 2;
    request.body_count = (uint16_t)(length - 4);
    handle(owner, &request);
}

static void scan(struct frame_reader *reader, bool silence, frame_handler handle, void *owner)
{
    int at = 0;

    while (at < (int)reader->count) {
        bool is_request;
        const int length = match(reader->pending + at, (int)reader->count - at, &is_request);

        if (length == INCOMPLETE && !silence)
            break;
        if (length > 0 && is_request)
            hand_over(reader->pending + at, length, handle, owner);
        at += length > 0 ? length : 1;
    }
    reader->count = (uint16_t)((int)reader->count - at);
    memmove(reader->pending, reader->pending + at, reader->count);
}

void frame_reader_start(struct frame_reader *reader)
{
    reader->count = 0;
}

void frame_feed(struct frame_reader *reader, const uint8_t *octets, uint16_t count, bool silence,
                frame_handler handle, void *owner)
{
    while (count > 0u) {
        uint16_t taken = (uint16_t)(FRAME_MOST - reader->count);

        if (taken > count)
            taken = count;
        memcpy(reader->pending + reader->count, octets, taken);
        reader->count = (uint16_t)(reader->count + taken);
        octets += taken;
        count = (uint16_t)(count - taken);
        scan(reader, false, handle, owner);
        /* No frame is longer than the buffer, so a full one always gave way; this keeps it so. */
        if (reader->count == FRAME_MOST)
            reader->count = 0;
    }
    if (silence)
        scan(reader, true, handle, owner);
}
