"""What the model says in a chat, run again without the prompt and the lower blocks: the same numbers."""

import pytest
import torch

from reverie.language.cortex.blocks import blocks_of
from reverie.language.cortex.branches import acting
from reverie.language.cortex.chatting import Told
from reverie.language.cortex.turns import Turns

CHATS = [Told([5, 6, 7, 8, 9, 10], 3), Told([5, 6, 6, 7, 11, 4], 5), Told([4, 9], 1)]


def whole(model, chat):
    """Of one chat by itself, from the token on that foretells the first that is said."""
    with torch.no_grad():
        found = model.network.base_model(input_ids=torch.tensor([chat.tokens])).last_hidden_state
    return found[0, chat.start - 1 :]


@pytest.mark.parametrize("kind", ["llama", "chatty"])
def test_turns_side_by_side_are_what_each_is_by_itself(kind, request):
    model = request.getfixturevalue(kind)
    turns = Turns(model, CHATS, first=2)
    ends = turns.ends()
    assert turns.apart == (kind == "llama")  # the small model adds positions on the way
    again = turns()
    for row, chat in enumerate(CHATS):
        alone = whole(model, chat)
        torch.testing.assert_close(ends[row, : len(alone)], alone, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(again[row, : len(alone)], alone, atol=1e-4, rtol=1e-4)
        assert int(turns.real[row].sum()) == len(alone)
    assert len(blocks_of(model.network)) == 4  # none is missing afterwards


@pytest.mark.parametrize("kind", ["llama", "chatty"])
def test_a_branch_acts_as_it_will_where_the_model_generates(kind, request):
    model = request.getfixturevalue(kind)
    name = next(name for name, _ in model.network.named_modules() if name.endswith(("2.mlp.down_proj", "2.mlp.c_proj")))
    weight = model.network.get_submodule(name).weight
    n_in, n_out = weight.shape if kind == "chatty" else weight.shape[::-1]
    torch.manual_seed(1)
    branch = {name: (torch.randn(2, n_in), torch.randn(n_out, 2))}
    turns = Turns(model, CHATS[:1], first=2)
    plain = turns.ends()
    with acting(model.network, [branch], last=turns.longest):
        learned = turns()
    assert not torch.allclose(learned, plain, atol=1e-3)
    ids, start = torch.tensor([CHATS[0].tokens]), CHATS[0].start
    kept = []
    handle = model.network.base_model.register_forward_hook(
        lambda *given: kept.append(given[-1].last_hidden_state[:, -1])
    )
    with torch.no_grad(), acting(model.network, [branch]):
        model.network.generate(
            ids[:, :start], max_new_tokens=ids.shape[1] - start + 1, do_sample=False, pad_token_id=0, eos_token_id=None,
            prefix_allowed_tokens_fn=lambda _, said: [(*CHATS[0].tokens, 0)[len(said)]],
        )  # fmt: skip
    handle.remove()
    torch.testing.assert_close(learned, torch.stack(kept, 1), atol=1e-4, rtol=1e-4)


def test_replies_to_prompts_of_any_lengths_are_those_to_each_alone(llama):
    rows = [[5, 6, 7, 8, 9], [4], [9, 9, 3]]
    together = [one.text for one in llama.reply(rows, longest=6)]
    assert together == [llama.reply([row], longest=6)[0].text for row in rows]
