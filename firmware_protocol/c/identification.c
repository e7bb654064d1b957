#include "identification.h"

#include <string.h>

#include "registers.h"

#define TYPE_IDENTIFICATION 0x0Eu
#define CODE_EXTENDED 3u
#define CODE_ONE 4u
#define CONFORMITY 0x83u /* basic, regular and extended objects by stream and one by one */
#define OBJECTS 8u
#define FIRST_AT 8u

static const uint8_t object_ids[OBJECTS] = {0x00u, 0x01u, 0x02u, 0x80u, 0x81u, 0x82u, 0x83u, 0x84u};

static void write_hex(char *text, uint32_t number)
{
    uint8_t i;

    for (i = 0; i < 8u; i++)
        text[i] = "0123456789ABCDEF"[number >> (28u - 4u * i) & 15u];
    text[8] = '\0';
}

static const char *object_text(const struct controller *c, uint8_t id, char *buffer)
{
    switch (id) {
    case 0x00u:
        return c->plan->maker;
    case 0x01u:
        return c->plan->model;
    case 0x02u:
        return c->plan->firmware_version;
    case 0x80u:
        return c->plan->serial_number;
    case 0x81u:
        return "1.1";
    case 0x82u:
        write_hex(buffer, MAP_HASH);
        return buffer;
    case 0x83u:
        write_hex(buffer, c->geometry_hash);
        return buffer;
    default:
        write_hex(buffer, c->boot_id);
        return buffer;
    }
}

static uint16_t add_object(struct controller *c, uint16_t at, uint8_t id)
{
    char buffer[9];
    const char *text = object_text(c, id, buffer);
    size_t length = strlen(text);

    /* Eight objects of this length fill no frame. */
    if (length > 16u)
        length = 16u;
    c->answer[at] = id;
    c->answer[at + 1u] = (uint8_t)length;
    memcpy(c->answer + at + 2u, text, length);
    return (uint16_t)(at + 2u + length);
}

static bool is_wanted(uint8_t code, uint8_t first, uint8_t id)
{
    if (code == CODE_ONE)
        return id == first;
    return id >= first && (id < 0x80u || code == CODE_EXTENDED);
}

static bool is_known(uint8_t id)
{
    return memchr(object_ids, id, OBJECTS) != NULL;
}

uint8_t identification_show(struct controller *c, const uint8_t *body)
{
    const uint8_t code = body[1];
    const uint8_t first = code != CODE_ONE && !is_known(body[2]) ? (uint8_t)0u : body[2];
    uint16_t at = FIRST_AT;
    uint8_t shown = 0;
    uint8_t i;

    if (body[0] != TYPE_IDENTIFICATION)
        return EXCEPTION_FUNCTION;
    if (code < 1u || code > CODE_ONE)
        return EXCEPTION_VALUE;
    for (i = 0; i < OBJECTS; i++) {
        if (is_wanted(code, first, object_ids[i])) {
            at = add_object(c, at, object_ids[i]);
            shown++;
        }
    }
    if (shown == 0u)
        return EXCEPTION_ADDRESS;
    c->answer[2] = TYPE_IDENTIFICATION;
    c->answer[3] = code;
    c->answer[4] = CONFORMITY;
    c->answer[5] = 0;
    c->answer[6] = 0;
    c->answer[7] = shown;
    return 0;
}

uint16_t identification_count(const struct controller *c)
{
    uint16_t at = FIRST_AT;
    uint8_t i;

    for (i = 0; i < c->answer[7]; i++)
        at = (uint16_t)(at + 2u + c->answer[at + 1u]);
    return at;
}
