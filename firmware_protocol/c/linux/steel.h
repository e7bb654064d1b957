/* Simulated steel, sensors and people's fingers behind hal.h. It obeys drives as a bank would and knows no requests. */
#ifndef STEEL_H
#define STEEL_H

#include "../bank.h"
#include "../hal.h"

struct steel_column {
    double x_mm;
    double speed_mm_s; /* right is positive */
    int way;           /* what the drive was told */
    bool creep;
    bool jammed;
};

struct steel {
    const struct bank_plan *plan;
    struct steel_column column[MAX_COLUMNS];
    struct hal_inputs inputs; /* what people and sensors do; positions are filled in when read */
    uint16_t acceleration_mm_s2;
    uint16_t braking_mm_s2;
    uint32_t now_ms;
    uint64_t chance;
    double travelled_mm;
    unsigned long starts; /* how often a drive was switched on */
    uint32_t journeys[MAX_COLUMNS];
    bool deaf_contacts;   /* contacts read open whatever stands there */
};

extern struct steel steel;

/* All columns pushed together, the free width in the home gaps; positions proven. */
void steel_place(const struct bank_plan *plan, uint64_t seed);

/* Let one millisecond pass. */
void steel_step(void);

/* Power away: drives off, brakes fall in, positions forgotten. */
void steel_cut_power(void);

/* Move a column by the handle as far as its neighbours let it. */
void steel_shove(uint8_t column, double delta_mm);

#endif
