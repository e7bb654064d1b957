/* What a port provides: clock, line, steel, sensors, lamps. The controller calls nothing else.
 *
 * NOT A SAFETY FUNCTION. Emergency stop, edges and beams must cut the drive without this code (SPEC 1.2).
 * Columns count from 1 at the left; bit 0 of a mask is column or aisle 1.
 */
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stdint.h>

#include "register_map.h"

/* One image of everything that can be read at the bank. A sensor that fails must read as the dangerous side. */
struct hal_inputs {
    uint16_t occupied;        /* aisles in which some sensor sees somebody now */
    uint16_t beams_broken;    /* aisles whose entry beams are broken now */
    uint16_t in_aisle_locks;  /* aisles locked from inside */
    uint16_t buttons;         /* buttons held now, bit 0 = button 1 */
    uint32_t edges_pressed;   /* columns whose edge feels something now */
    uint32_t sweeps_pressed;  /* columns whose kick bar is pressed now */
    uint32_t overloads;       /* columns whose drive draws more current than it may */
    uint32_t turning;         /* columns that turn now: no bit may be missing while steel moves */
    uint32_t turned_by_hand;  /* columns moved by the handle since the last reading */
    uint16_t faults;          /* FAULT_ bits that the hardware reports now */
    uint8_t open_button;      /* aisle that somebody at the bank asks to open now, 0 = none */
    uint16_t homings;         /* how often positions were proven since start; 0 = not yet */
    bool estop_open;
    bool stop_pressed;
    bool fire;
    bool smoke;
    bool water;
    bool supply_lost;         /* the drives have no power; this controller still has */
    uint16_t doors_open;      /* bit 0 is the room's own door */
    bool local_panel;
    bool clutch_released;
    bool maintenance_key;
    bool reset_pressed;       /* the key or button at the bank that clears trips and faults */
    uint16_t position_mm[MAX_COLUMNS]; /* left side of each column, valid once proven */
    uint8_t contacts[MAX_COLUMNS];     /* CONTACT_ bits */
    uint16_t temperature;     /* as on the wire: 0.1 degC, 0x8000 = no sensor */
    uint16_t humidity;        /* 0.1 %, 0xFFFF = no sensor */
    uint16_t current_ma[MAX_COLUMNS]; /* motor current now, 0xFFFF = not measured */
};

/* Milliseconds since any moment, wrapping at 2^32. */
uint32_t hal_clock_ms(void);

/* 32 bits nobody can foresee: boot id and tokens are made of them. */
uint32_t hal_random(void);

/* Fill the image. Called at every poll. */
void hal_read_inputs(struct hal_inputs *inputs);

/* Drive one column: way -1 left, 0 off (the brake falls in), 1 right; creep = slowly, for the last stretch. */
void hal_drive(uint8_t column, int way, bool creep);

/* Light and sound that warn of motion. */
void hal_warn(bool on);

/* Light a place (packed as SPEC 3.6), or none with aisle 0. */
void hal_show_place(uint8_t aisle, uint16_t place);

/* All columns of every segment stand pushed together, the free width in the home gaps: count positions from here on,
 * and let `homings` rise.
 */
void hal_take_home(void);

/* Journeys of a column since it was built, 0xFFFFFFFF = not kept; `add` more of them. Kept over power loss. */
uint32_t hal_count_journeys(uint8_t column, uint8_t add);

/* Lamps of the aisles. */
void hal_light_aisles(uint16_t aisles);

/* Send one whole frame on a port, after 3.5 characters of silence. What is sent must not be heard back. */
void hal_write(uint8_t port, const uint8_t *octets, uint16_t count);

#endif
