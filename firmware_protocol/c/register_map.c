/* Made from registers.py and codes.py by c_tables.py. Do not edit. */
#include "register_map.h"

const struct register_block register_blocks[BLOCKS] = {
    {0x0000u, 64u, 'r'},
    {0x0100u, 16u, 'r'},
    {0x0200u, 56u, 'r'},
    {0x0300u, 96u, 'r'},
    {0x0400u, 128u, 'r'},
    {0x0500u, 88u, 'r'},
    {0x0800u, 6u, 'w'},
    {0x0810u, 10u, 'r'},
    {0x0820u, 8u, 'w'},
    {0x0830u, 2u, 'r'},
    {0x0840u, 5u, 'w'},
    {0x0848u, 2u, 'r'},
    {0x0850u, 4u, 'w'},
    {0x0860u, 1u, 'w'},
    {0x0861u, 1u, 'w'},
    {0x0870u, 2u, 'w'},
};
