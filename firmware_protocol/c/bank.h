/* What a bank is made of. Data that the installer signs for; nothing of it can be written over the wire (SPEC 9.1). */
#ifndef BANK_H
#define BANK_H

#include <stdbool.h>
#include <stdint.h>

#include "register_map.h"

#define MAX_SEGMENTS 8u
#define BIT(number) ((uint32_t)1u << (number))
#define FACES_A 2u
#define FACES_B 4u

struct bank_column {
    uint8_t number;
    bool fixed;
    uint8_t faces; /* FACES_A, FACES_B or both */
    uint16_t width_mm;
};

struct bank_aisle {
    uint8_t number;
    uint8_t left_column;
    uint8_t right_column; /* 0 = a stop that is no column */
};

struct bank_segment {
    uint8_t left_stop; /* 0 fixed column, 1 end stop, 2 wall */
    uint8_t right_stop;
    uint8_t first_aisle;
    uint8_t last_aisle;
    uint8_t free_aisles;
    uint16_t free_width_mm;
    uint8_t home_aisle; /* takes the free width when all is closed; not part of the geometry hash */
};

/* Aisle n lies right of column n, counted from the left; column 1 is fixed. */
struct bank_plan {
    uint8_t columns;
    uint8_t aisles;
    uint8_t segments;
    uint8_t sections;
    uint8_t tiers;
    uint16_t passable_gap_mm;
    struct bank_column column[MAX_COLUMNS];
    struct bank_aisle aisle[MAX_AISLES];
    struct bank_segment segment[MAX_SEGMENTS];
    uint16_t speed_mm_s;
    uint16_t warning_ms;
    uint32_t travel_ms; /* the longest journey of the bank */
    uint32_t wake_ms;
    uint16_t settle_ms;
    uint16_t reaction_ms;
    uint16_t stagger_ms; /* between the starts of neighbours */
    uint16_t braking_mm;
    uint16_t creep_mm; /* the last stretch of each column, driven slowly */
    uint32_t sleep_after_ms; /* 0 = never */
    uint32_t sensors; /* CAN_FOOT_BEAMS .. CAN_ENTRY_BEAMS, CAN_CLIMATE, CAN_SWEEPS .. CAN_DOOR_CONTACT, CAN_WEAR, as fitted */
    bool fire_parks;  /* the fire authority wants the columns together (SPEC 5.15) */
    const char *maker;
    const char *model;
    const char *serial_number;
    const char *firmware_version;
};

/* Hash of the geometry (SPEC 3.4). */
uint32_t bank_hash(const struct bank_plan *plan);

#endif
