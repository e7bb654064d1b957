#include "registers.h"

#include <string.h>

#include "rails.h"

#define UNKNOWN 0xFFFFu

const struct register_block *registers_find(uint16_t address, uint16_t count, char access)
{
    uint8_t i;

    for (i = 0; i < BLOCKS; i++) {
        const struct register_block *block = &register_blocks[i];
        const uint32_t end = (uint32_t)address + count;

        if (block->address <= address && end <= (uint32_t)block->address + block->count)
            return block->access == access ? block : NULL;
    }
    return NULL;
}

uint32_t registers_capabilities(const struct controller *c)
{
    return CAN_MEASURES_POSITION | CAN_CLOSE_ALL | CAN_VENTILATE | CAN_PARK | CAN_HOME | CAN_LOCK | CAN_LIGHT |
           CAN_INDICATOR | CAN_WAKE | CAN_CLEAR_FAULT | CAN_FIRE_INPUT | CAN_INDICATOR_PER_PLACE |
           (c->plan->sleep_after_ms != 0u ? CAN_SLEEP : 0u) | c->plan->sensors;
}

static void show_identity(struct controller *c)
{
    const struct bank_plan *plan = c->plan;
    uint16_t *to = c->image;

    to[REG_PROTOCOL_VERSION] = PROTOCOL_VERSION;
    put_u32(to + REG_MAP_HASH, MAP_HASH);
    put_u32(to + REG_GEOMETRY_HASH, c->geometry_hash);
    put_u32(to + REG_BOOT_ID, c->boot_id);
    to[REG_COLUMNS] = plan->columns;
    to[REG_AISLES] = plan->aisles;
    to[REG_SECTIONS] = plan->sections;
    to[REG_TIERS] = plan->tiers;
    to[REG_PASSABLE_GAP_MM] = plan->passable_gap_mm;
    to[REG_WARNING_TIME_MS] = plan->warning_ms;
    to[REG_NOMINAL_SPEED_MM_S] = plan->speed_mm_s;
    to[REG_TRAVEL_TIME_MS] = (uint16_t)(plan->travel_ms / 10u);
    to[REG_WAKE_TIME_MS] = (uint16_t)(plan->wake_ms / 10u);
    to[REG_SETTLE_TIME_MS] = plan->settle_ms;
    to[REG_REACTION_TIME_MS] = plan->reaction_ms;
    to[REG_BRAKING_MM] = plan->braking_mm;
    put_u32(to + REG_CAPABILITIES, registers_capabilities(c));
    put_text(to + REG_MAKER, plan->maker, 8);
    put_text(to + REG_MODEL, plan->model, 8);
    put_text(to + REG_SERIAL_NUMBER, plan->serial_number, 8);
    put_text(to + REG_FIRMWARE_VERSION, plan->firmware_version, 4);
}

static uint16_t safety_inputs(const struct hal_inputs *in)
{
    uint32_t bits = 0;

    bits |= in->estop_open ? SAFETY_ESTOP_OPEN : 0u;
    bits |= in->edges_pressed != 0u ? SAFETY_EDGE_TRIPPED : 0u;
    bits |= in->sweeps_pressed != 0u ? SAFETY_SWEEP_TRIPPED : 0u;
    bits |= in->supply_lost ? SAFETY_DRIVE_SUPPLY_LOST : 0u;
    bits |= in->beams_broken != 0u ? SAFETY_BEAM_BROKEN : 0u;
    bits |= in->clutch_released ? SAFETY_CLUTCH_RELEASED : 0u;
    bits |= in->local_panel ? SAFETY_LOCAL_PANEL : 0u;
    bits |= in->maintenance_key ? SAFETY_MAINTENANCE_KEY : 0u;
    bits |= in->in_aisle_locks != 0u ? SAFETY_IN_AISLE_LOCK : 0u;
    bits |= in->fire ? SAFETY_FIRE_INPUT : 0u;
    bits |= in->turning == 0u ? SAFETY_STANDSTILL : 0u;
    return (uint16_t)bits;
}

static uint16_t safety_bits(const struct controller *c)
{
    uint32_t bits = safety_inputs(&c->inputs);

    bits |= (c->trips & TRIP_EDGE) != 0u ? SAFETY_EDGE_TRIPPED | SAFETY_TRIP_LATCHED : 0u;
    bits |= (c->trips & TRIP_BEAM) != 0u ? SAFETY_BEAM_BROKEN | SAFETY_TRIP_LATCHED : 0u;
    bits |= (c->trips & TRIP_SWEEP) != 0u ? SAFETY_SWEEP_TRIPPED | SAFETY_TRIP_LATCHED : 0u;
    bits |= c->gateway_locks != 0u ? SAFETY_GATEWAY_LOCK : 0u;
    bits |= c->state == STATE_WARNING || c->state == STATE_MOVING ? SAFETY_WARNING_ON : 0u;
    bits |= c->driving != 0u ? SAFETY_DRIVE_POWER : 0u;
    bits |= c->task.leased ? SAFETY_LEASE_LIVE : 0u;
    return (uint16_t)bits;
}

static uint16_t progress(const struct controller *c)
{
    uint32_t left;

    if (c->position_lost)
        return UNKNOWN;
    if (c->state == STATE_SETTLING)
        return 1000u;
    if (c->state != STATE_MOVING || c->whole_way_mm == 0u)
        return 0;
    left = rails_way_left(c->plan, c->inputs.position_mm, c->targets);
    if (left >= c->whole_way_mm)
        return 0;
    return (uint16_t)(1000u - left * 1000u / c->whole_way_mm);
}

static void show_motion(struct controller *c)
{
    const struct log_entry *newest = &c->log.entry[0];
    uint16_t *to = c->image;
    const bool known = !c->position_lost;

    to[REG_STATE - MOTION_AT] = c->state;
    to[REG_OPEN_AISLES - MOTION_AT] = known ? rails_open_aisles(c->plan, c->inputs.position_mm) : (uint16_t)0u;
    to[REG_TARGET - MOTION_AT] = c->task.target;
    to[REG_PROGRESS_PERMILLE - MOTION_AT] = progress(c);
    to[REG_SAFETY_BITS - MOTION_AT] = safety_bits(c);
    to[REG_FAULT_BITS - MOTION_AT] = (uint16_t)(c->faults | (known ? 0u : FAULT_POSITION_LOST));
    to[REG_OCCUPANCY_SEEN - MOTION_AT] = c->inputs.occupied;
    to[REG_OCCUPANCY_UNKNOWN - MOTION_AT] = c->occupancy_unknown;
    put_pairs(to + (REG_CONTACTS - MOTION_AT), c->inputs.contacts, c->plan->columns);
    to[REG_SEQUENCE - MOTION_AT] = c->sequence;
    to[REG_EVENT_RING_HEAD - MOTION_AT] = c->ring.head;
    to[REG_BOOT_ID_LOW - MOTION_AT] = (uint16_t)(c->boot_id & 0xFFFFu);
    to[REG_LAST_REQUEST_ID_LOW - MOTION_AT] = (uint16_t)(newest->request_id & 0xFFFFu);
    to[REG_OUTCOME - MOTION_AT] = (uint16_t)(newest->outcome << 8 | newest->cause);
}

static uint16_t lease_left(const struct controller *c)
{
    const uint32_t gone = c->now_ms - c->task.lease_from_ms;

    return c->task.leased && gone < LEASE_MS ? (uint16_t)(LEASE_MS - gone) : (uint16_t)0u;
}

static void show_positions(struct controller *c)
{
    uint8_t quality[MAX_COLUMNS];
    uint16_t *to = c->image;
    uint8_t i;

    for (i = 0; i < MAX_COLUMNS; i++) {
        const bool known = i < c->plan->columns && !c->position_lost;

        to[i] = known ? c->inputs.position_mm[i] : (uint16_t)UNKNOWN;
        quality[i] = known ? QUALITY_MEASURED : QUALITY_UNKNOWN;
    }
    put_pairs(to + (REG_POSITION_QUALITY - DETAIL_AT), quality, c->plan->columns);
    for (i = 0; i < MAX_AISLES; i++) {
        const bool known = i < c->plan->aisles && !c->position_lost;

        to[REG_AISLE_WIDTH_MM - DETAIL_AT + i] =
            known ? rails_width(c->plan, c->inputs.position_mm, (uint8_t)(i + 1u)) : (uint16_t)UNKNOWN;
    }
}

static uint16_t room_inputs(const struct hal_inputs *in)
{
    return (uint16_t)((in->smoke ? ROOM_SMOKE : 0u) | (in->water ? ROOM_WATER : 0u) |
                      (in->doors_open != 0u ? ROOM_DOOR_OPEN : 0u));
}

static void show_wear(struct controller *c)
{
    uint16_t *to = c->image;
    uint8_t i;

    memset(to, 0xFF, WEAR_COUNT * sizeof to[0]);
    for (i = 0; i < c->plan->columns; i++) {
        if (!c->plan->column[i].fixed)
            put_u32(to + (size_t)i * 2u, hal_count_journeys((uint8_t)(i + 1u), 0u));
        to[REG_MOTOR_CURRENT_MA - WEAR_AT + i] = c->current_ma[i];
    }
    for (i = 0; i < c->plan->aisles; i++)
        to[REG_OPENING_TIME_MS - WEAR_AT + i] = c->opening[i];
}

static void show_detail(struct controller *c)
{
    uint16_t *to = c->image;

    show_positions(c);
    to[REG_TEMPERATURE - DETAIL_AT] = c->inputs.temperature;
    to[REG_RELATIVE_HUMIDITY - DETAIL_AT] = c->inputs.humidity;
    to[REG_IN_AISLE_LOCKS - DETAIL_AT] = c->inputs.in_aisle_locks;
    to[REG_GATEWAY_LOCKS - DETAIL_AT] = c->gateway_locks;
    to[REG_INDICATOR_AISLE - DETAIL_AT] = c->shown_aisle;
    to[REG_INDICATOR_PLACE - DETAIL_AT] = c->shown_place;
    to[REG_LIGHTS - DETAIL_AT] = c->lights;
    to[REG_LEASE_REFUSAL - DETAIL_AT] = c->lease_refusal;
    to[REG_LEASE_LEFT_MS - DETAIL_AT] = lease_left(c);
    to[REG_STOP_REASON - DETAIL_AT] = c->stop_reason;
    to[REG_ROOM_INPUTS - DETAIL_AT] = room_inputs(&c->inputs);
}

static void show_log(struct controller *c)
{
    uint8_t i;

    for (i = 0; i < LOG_ENTRIES; i++) {
        const struct log_entry *entry = &c->log.entry[i];
        uint16_t *to = c->image + (size_t)i * LOG_ENTRY_REGISTERS;

        put_u64(to, entry->request_id);
        to[REG_LOG_TARGET - REQUEST_LOG_AT] = entry->target;
        to[REG_LOG_OUTCOME - REQUEST_LOG_AT] = (uint16_t)(entry->outcome << 8 | entry->cause);
    }
}

static void show_ring(struct controller *c)
{
    uint8_t i;

    for (i = 0; i < RING_ENTRIES; i++) {
        const struct event *entry = &c->ring.entry[i];
        uint16_t *to = c->image + (size_t)i * RING_ENTRY_REGISTERS;

        to[REG_EVENT_SEQUENCE - EVENT_RING_AT] = entry->sequence;
        to[REG_EVENT_KIND - EVENT_RING_AT] = entry->kind;
        to[REG_EVENT_ARGUMENT - EVENT_RING_AT] = entry->argument;
        to[REG_EVENT_AGE_MS - EVENT_RING_AT] = entry->age;
    }
}

void registers_show(struct controller *c, const struct register_block *block)
{
    memset(c->image, 0, sizeof c->image);
    switch (block->address) {
    case IDENTITY_AT:
        show_identity(c);
        break;
    case MOTION_AT:
        show_motion(c);
        break;
    case DETAIL_AT:
        show_detail(c);
        break;
    case REQUEST_LOG_AT:
        show_log(c);
        break;
    case EVENT_RING_AT:
        show_ring(c);
        break;
    case WEAR_AT:
        show_wear(c);
        break;
    case SELECT_ANSWER_AT:
        memcpy(c->image, c->select_answer, sizeof c->select_answer);
        break;
    case OPERATE_ANSWER_AT:
        memcpy(c->image, c->operate_answer, sizeof c->operate_answer);
        break;
    case ACT_ANSWER_AT:
        memcpy(c->image, c->act_answer, sizeof c->act_answer);
        break;
    default:
        break;
    }
}
