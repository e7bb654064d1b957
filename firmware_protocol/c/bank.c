#include "bank.h"

#include "crc.h"

static uint32_t add(uint32_t hash, uint32_t value)
{
    const uint8_t octet = (uint8_t)(value & 0xFFu);

    return crc32_add(hash, &octet, 1u);
}

static uint32_t add_word(uint32_t hash, uint32_t value)
{
    return add(add(hash, value >> 8), value);
}

static uint32_t add_head(uint32_t hash, const struct bank_plan *plan)
{
    static const uint8_t tag[4] = {'O', 'A', 'G', '1'};

    hash = crc32_add(hash, tag, sizeof tag);
    hash = add(hash, plan->columns);
    hash = add(hash, plan->aisles);
    hash = add(hash, plan->segments);
    hash = add(hash, plan->sections);
    hash = add(hash, plan->tiers);
    return add_word(hash, plan->passable_gap_mm);
}

static uint32_t add_segment(uint32_t hash, const struct bank_segment *segment)
{
    hash = add(hash, segment->left_stop);
    hash = add(hash, segment->right_stop);
    hash = add(hash, segment->first_aisle);
    hash = add(hash, segment->last_aisle);
    hash = add(hash, segment->free_aisles);
    return add_word(hash, segment->free_width_mm);
}

uint32_t bank_hash(const struct bank_plan *plan)
{
    uint32_t hash = add_head(CRC32_START, plan);
    uint8_t i;

    for (i = 0; i < plan->columns; i++) {
        hash = add(hash, plan->column[i].number);
        hash = add(hash, (plan->column[i].fixed ? 1u : 0u) | plan->column[i].faces);
        hash = add_word(hash, plan->column[i].width_mm);
    }
    for (i = 0; i < plan->aisles; i++) {
        hash = add(hash, plan->aisle[i].number);
        hash = add(hash, plan->aisle[i].left_column);
        hash = add(hash, plan->aisle[i].right_column);
    }
    for (i = 0; i < plan->segments; i++)
        hash = add_segment(hash, &plan->segment[i]);
    return hash ^ CRC32_START;
}
