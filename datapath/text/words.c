/* See skr_word_compare() in encoding.h. */
#include "skerry/encoding.h"

static unsigned skr_word_weight(char c)
{
    bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'z';
    return (digit ? 0x100u : letter ? 0x200u : 0u) + (unsigned char)c;
}

int skr_word_compare(struct skr_bytes a, struct skr_bytes b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.size && a.data[i] == '-')
            i++;
        while (j < b.size && b.data[j] == '-')
            j++;
        if (i == a.size || j == b.size)
            break;
        unsigned x = skr_word_weight(a.data[i++]), y = skr_word_weight(b.data[j++]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    if (i < a.size || j < b.size)
        return i < a.size ? 1 : -1;
    for (i = 0; i < a.size && i < b.size; i++)
        if (a.data[i] != b.data[i])
            return a.data[i] == '-' ? 1 : -1;
    return (a.size > b.size) - (a.size < b.size);
}
