#include "steel.h"

#include <math.h>
#include <string.h>

#define STEP_S 0.001
#define CREEP_MM_S 20.0
#define CONTACT_MM 1.0

struct steel steel;

static double rail_end(void)
{
    const struct bank_plan *plan = steel.plan;
    double end = 0;

    for (int i = 0; i < plan->columns; i++)
        end += plan->column[i].width_mm;
    for (int i = 0; i < plan->segments; i++)
        end += plan->segment[i].free_width_mm;
    return end;
}

static double left_wall(int index)
{
    return index == 0 ? 0.0 : steel.column[index - 1].x_mm + steel.plan->column[index - 1].width_mm;
}

static double right_wall(int index)
{
    return index + 1 < steel.plan->columns ? steel.column[index + 1].x_mm : rail_end();
}

static double home_gap(uint8_t aisle)
{
    for (int i = 0; i < steel.plan->segments; i++)
        if (steel.plan->segment[i].home_aisle == aisle)
            return steel.plan->segment[i].free_width_mm;
    return 0.0;
}

void steel_place(const struct bank_plan *plan, uint64_t seed)
{
    const uint32_t now_ms = steel.now_ms;
    double x_mm = 0;

    memset(&steel, 0, sizeof steel);
    steel.plan = plan;
    steel.now_ms = now_ms;
    steel.chance = seed;
    steel.acceleration_mm_s2 = 160;
    steel.braking_mm_s2 = 320;
    steel.inputs.homings = 1;
    steel.inputs.temperature = 205;
    steel.inputs.humidity = 520;
    for (int i = 0; i < plan->columns; i++) {
        steel.column[i].x_mm = x_mm;
        x_mm += plan->column[i].width_mm + home_gap((uint8_t)(i + 1));
    }
}

/* What speed the drive or the brake brings about in one step. */
static double next_speed(const struct steel_column *column)
{
    const double brake = steel.braking_mm_s2 * STEP_S;
    const double wanted = column->way * (column->creep ? CREEP_MM_S : steel.plan->speed_mm_s);
    const bool slower = fabs(wanted) < fabs(column->speed_mm_s) || wanted * column->speed_mm_s < 0;
    const double change = slower ? brake : steel.acceleration_mm_s2 * STEP_S;

    if (fabs(wanted - column->speed_mm_s) <= change)
        return wanted;
    return column->speed_mm_s + (wanted > column->speed_mm_s ? change : -change);
}

static void step_column(int index)
{
    struct steel_column *column = &steel.column[index];
    const double low = left_wall(index);
    const double high = right_wall(index) - steel.plan->column[index].width_mm;
    double x_mm;

    if (steel.plan->column[index].fixed || column->jammed) {
        column->speed_mm_s = 0;
        return;
    }
    column->speed_mm_s = next_speed(column);
    x_mm = column->x_mm + column->speed_mm_s * STEP_S;
    if (x_mm < low || x_mm > high) {
        x_mm = x_mm < low ? low : high;
        column->speed_mm_s = (x_mm - column->x_mm) / STEP_S;
    }
    if (fabs(x_mm - column->x_mm) < 1e-9)
        column->speed_mm_s = 0;
    steel.travelled_mm += fabs(x_mm - column->x_mm);
    column->x_mm = x_mm;
}

/* The one in front makes room first: from the left for those that go left, from the right for the others. */
void steel_step(void)
{
    const int columns = steel.plan->columns;
    bool leftward[MAX_COLUMNS];

    steel.now_ms++;
    for (int i = 0; i < columns; i++)
        leftward[i] = steel.column[i].speed_mm_s < 0 || (steel.column[i].speed_mm_s == 0 && steel.column[i].way < 0);
    for (int i = 0; i < columns; i++)
        if (leftward[i])
            step_column(i);
    for (int i = columns - 1; i >= 0; i--)
        if (!leftward[i])
            step_column(i);
}

void steel_cut_power(void)
{
    for (int i = 0; i < steel.plan->columns; i++)
        steel.column[i].way = 0;
    steel.inputs.homings = 0;
}

void steel_shove(uint8_t column, double delta_mm)
{
    const int index = column - 1;
    const double low = left_wall(index);
    const double high = right_wall(index) - steel.plan->column[index].width_mm;
    const double x_mm = steel.column[index].x_mm + delta_mm;

    steel.column[index].x_mm = x_mm < low ? low : x_mm > high ? high : x_mm;
    steel.inputs.turned_by_hand |= BIT(index);
}

/* ---- hal.h ---- */

uint32_t hal_clock_ms(void)
{
    return steel.now_ms;
}

uint32_t hal_random(void)
{
    steel.chance ^= steel.chance << 13;
    steel.chance ^= steel.chance >> 7;
    steel.chance ^= steel.chance << 17;
    return (uint32_t)(steel.chance >> 16);
}

void hal_read_inputs(struct hal_inputs *inputs)
{
    const int columns = steel.plan->columns;

    *inputs = steel.inputs;
    steel.inputs.turned_by_hand = 0;
    steel.inputs.open_button = 0;
    for (int i = 0; i < columns; i++) {
        const double left = steel.column[i].x_mm - left_wall(i);
        const double right = right_wall(i) - steel.column[i].x_mm - steel.plan->column[i].width_mm;
        const bool touches_left = left < CONTACT_MM && !steel.deaf_contacts;
        const bool touches_right = right < CONTACT_MM && !steel.deaf_contacts;

        inputs->position_mm[i] = (uint16_t)lround(steel.column[i].x_mm);
        inputs->contacts[i] = (uint8_t)((touches_left ? CONTACT_LEFT : 0u) | (touches_right ? CONTACT_RIGHT : 0u));
        inputs->current_ma[i] = 0xFFFFu;
        if (steel.column[i].speed_mm_s != 0) {
            inputs->turning |= BIT(i);
            inputs->current_ma[i] = (uint16_t)(1800u + 10u * (unsigned)i);
        }
    }
}

void hal_take_home(void)
{
    steel.inputs.homings++;
}

uint32_t hal_count_journeys(uint8_t column, uint8_t add)
{
    steel.journeys[column - 1] += add;
    return steel.journeys[column - 1];
}

void hal_drive(uint8_t column, int way, bool creep)
{
    struct steel_column *driven = &steel.column[column - 1];

    if (way != 0 && driven->way == 0)
        steel.starts++;
    driven->way = way;
    driven->creep = creep;
}

/* Lamps and sounder of this bank are looked at by the registers that mirror them. */
void hal_warn(bool on)
{
    (void)on;
}

void hal_show_place(uint8_t aisle, uint16_t place)
{
    (void)aisle;
    (void)place;
}

void hal_light_aisles(uint16_t aisles)
{
    (void)aisles;
}
