/* The bank of the demo: one fixed column with face B, `moving` double-faced ones before an end stop. */
#ifndef DEMO_BANK_H
#define DEMO_BANK_H

#include "../bank.h"

void demo_bank_lay_out(struct bank_plan *plan, uint8_t moving, uint16_t aisle_mm, uint16_t speed_mm_s);

/* Fix a column in the middle: two halves, the left one with so many free aisles. */
void demo_bank_split(struct bank_plan *plan, uint8_t column, uint8_t left_free);

#endif
