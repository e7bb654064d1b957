#include "demo_bank.h"

#include <string.h>

#define COLUMN_MM 550u
#define STAGGER_MS 250u
#define ACCELERATION_MM_S2 160u
#define BRAKING_MM_S2 320u
#define CREEP_ALLOWANCE_MS 1500u /* the last 15 mm at 20 mm/s, and some air */

static void lay_out_steel(struct bank_plan *plan, uint8_t moving)
{
    for (uint8_t i = 0; i <= moving; i++) {
        const uint8_t number = (uint8_t)(i + 1u);

        plan->column[i].number = number;
        plan->column[i].fixed = i == 0u;
        plan->column[i].faces = i == 0u ? FACES_B : FACES_A | FACES_B;
        plan->column[i].width_mm = COLUMN_MM;
        plan->aisle[i].number = number;
        plan->aisle[i].left_column = number;
        plan->aisle[i].right_column = i < moving ? (uint8_t)(number + 1u) : (uint8_t)0u;
    }
    plan->columns = (uint8_t)(moving + 1u);
    plan->aisles = plan->columns;
}

static void lay_out_segment(struct bank_plan *plan, uint16_t aisle_mm)
{
    plan->segments = 1;
    plan->segment[0].left_stop = 0;
    plan->segment[0].right_stop = 1;
    plan->segment[0].first_aisle = 1;
    plan->segment[0].last_aisle = plan->aisles;
    plan->segment[0].free_aisles = 1;
    plan->segment[0].free_width_mm = aisle_mm;
    plan->segment[0].home_aisle = plan->aisles;
}

void demo_bank_lay_out(struct bank_plan *plan, uint8_t moving, uint16_t aisle_mm, uint16_t speed_mm_s)
{
    const uint32_t ramps_ms = 500u * speed_mm_s / ACCELERATION_MM_S2 + 500u * speed_mm_s / BRAKING_MM_S2;

    memset(plan, 0, sizeof *plan);
    lay_out_steel(plan, moving);
    lay_out_segment(plan, aisle_mm);
    plan->sections = 4;
    plan->tiers = 6;
    plan->passable_gap_mm = 700;
    plan->speed_mm_s = speed_mm_s;
    plan->warning_ms = 1500;
    plan->wake_ms = 2000;
    plan->sleep_after_ms = 600000u;
    plan->settle_ms = 300;
    plan->reaction_ms = 40;
    plan->stagger_ms = STAGGER_MS;
    plan->braking_mm = (uint16_t)((speed_mm_s * speed_mm_s + 2u * BRAKING_MM_S2 - 1u) / (2u * BRAKING_MM_S2));
    plan->creep_mm = (uint16_t)(plan->braking_mm + 5u);
    plan->travel_ms = 1000u * aisle_mm / speed_mm_s + ramps_ms + (moving - 1u) * STAGGER_MS + CREEP_ALLOWANCE_MS;
    plan->sensors = CAN_FOOT_BEAMS | CAN_EDGES | CAN_ENTRY_BEAMS | CAN_CLIMATE | CAN_WEAR | CAN_SWEEPS | CAN_SMOKE_INPUT |
                    CAN_WATER_INPUT | CAN_DOOR_CONTACT;
    plan->maker = "OpenAisle";
    plan->model = "Reference bank";
    plan->serial_number = "C99-A-017";
    plan->firmware_version = "1.0";
}

void demo_bank_split(struct bank_plan *plan, uint8_t column, uint8_t left_free)
{
    const uint16_t wide = plan->segment[0].free_width_mm;
    struct bank_segment *left = &plan->segment[0];
    struct bank_segment *right = &plan->segment[1];

    plan->column[column - 1u].fixed = true;
    *right = *left;
    right->left_stop = 0;
    right->first_aisle = column;
    left->right_stop = 0;
    left->last_aisle = (uint8_t)(column - 1u);
    left->home_aisle = left->last_aisle;
    left->free_aisles = left_free;
    left->free_width_mm = (uint16_t)(left_free * wide);
    plan->segments = 2;
}
