"""Learners that act: the agent, and those that it is compared with. A run lets one of them live in an environment."""

from reverie.agents.players.agent import AgentPlayer
from reverie.agents.players.base import Life, Player, StepPlayer
from reverie.agents.players.sb3_dqn import SB3DQN
from reverie.agents.players.sb3_ppo import SB3PPO
from reverie.agents.players.sb3_sac import SB3SAC
from reverie.agents.players.stream_ac import StreamAC
from reverie.agents.players.three_factor import ThreeFactor

__all__ = ["SB3DQN", "SB3PPO", "SB3SAC", "AgentPlayer", "Life", "Player", "StepPlayer", "StreamAC", "ThreeFactor"]
